"""Operators that move values without computing: the bytes of TensorFlow Lite Micro, over generated shapes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import plan_model
from contract.errors import UserError
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import Network
from tests.operators.drawing import SEEDS, ZERO_POINTS, Case, expect_reference_bytes, random_values

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=3).map(lambda sizes: (1, *sizes))
VERSIONS = {"TRANSPOSE": 2, "EXPAND_DIMS": 1}


def begin(draw: st.DrawFn, shape: tuple[int, ...]) -> Case:
    return Network(shape, 0.1, draw(ZERO_POINTS)), np.random.default_rng(draw(SEEDS))


def like(network: Network, name: str, shape: Any) -> int:
    quantization = network.tensors[0].quantization
    return network.activation(name, tuple(shape), quantization.scale[0], quantization.zeroPoint[0])


def integers(network: Network, name: str, values: Any) -> int:
    return network.constant(name, np.array(values, np.int32))


def append(
    network: Network, operator: str, inputs: list[int], shape: Any, kind: str = "NONE", options: Any = None
) -> Network:
    code = getattr(schema.BuiltinOperator, operator)
    output = like(network, operator.lower(), shape)
    network.add(code, VERSIONS.get(operator, 2), inputs, output, kind, options)
    return network


def signed(draw: st.DrawFn, axis: int, rank: int) -> int:
    return axis - rank if draw(st.booleans()) else axis


@st.composite
def concatenations(draw: st.DrawFn) -> Case:
    shape = draw(SHAPES)
    network, generator = begin(draw, shape)
    axis = draw(st.integers(1, len(shape) - 1))
    inputs, size = [], 0
    for part in range(draw(st.integers(1, 4))):
        own = shape if draw(st.booleans()) else (*shape[:axis], draw(st.integers(1, 4)), *shape[axis + 1 :])
        constant = network.constant(f"part_{part}", random_values(generator, own), [0.1])
        network.tensors[constant].quantization.zeroPoint = list(network.tensors[0].quantization.zeroPoint)
        inputs.append(0 if own == shape and draw(st.booleans()) else constant)
        size += own[axis]
    inputs[draw(st.integers(0, len(inputs) - 1))] = 0
    shapes = [network.tensors[index].shape for index in inputs]
    options = schema.ConcatenationOptionsT()
    options.axis = signed(draw, axis, len(shape))
    total = sum(one[axis] for one in shapes)
    append(
        network,
        "CONCATENATION",
        inputs,
        (*shape[:axis], total, *shape[axis + 1 :]),
        "ConcatenationOptions",
        options,
    )
    return network, generator


@st.composite
def paddings(draw: st.DrawFn) -> Case:
    shape = draw(SHAPES)
    network, generator = begin(draw, shape)
    amounts = [(0, 0), *(draw(st.tuples(st.integers(0, 3), st.integers(0, 3))) for _ in shape[1:])]
    after = [size + sum(amount) for size, amount in zip(shape, amounts, strict=True)]
    inputs = [network.last, integers(network, "paddings", amounts)]
    operator = draw(st.sampled_from(["PAD", "PADV2"]))
    if operator == "PADV2":
        value = network.constant("value", np.array(draw(st.integers(-128, 127)), np.int8), [0.1])
        network.tensors[value].quantization.zeroPoint = list(network.tensors[0].quantization.zeroPoint)
        inputs.append(value)
    return append(network, operator, inputs, after), generator


@st.composite
def transpositions(draw: st.DrawFn) -> Case:
    shape = draw(SHAPES)
    network, generator = begin(draw, shape)
    order = [0, *draw(st.permutations(range(1, len(shape))))]
    inputs = [network.last, integers(network, "order", order)]
    return append(network, "TRANSPOSE", inputs, [shape[axis] for axis in order]), generator


@st.composite
def slices(draw: st.DrawFn) -> Case:
    shape = draw(SHAPES)
    network, generator = begin(draw, shape)
    begins = [draw(st.integers(0, size - 1)) for size in shape]
    after = [draw(st.integers(1, size - first)) for size, first in zip(shape, begins, strict=True)]
    sizes = [
        -1 if first + count == size and draw(st.booleans()) else count
        for first, count, size in zip(begins, after, shape, strict=True)
    ]
    inputs = [network.last, integers(network, "begin", begins), integers(network, "size", sizes)]
    return append(network, "SLICE", inputs, after), generator


@st.composite
def strided_slices(draw: st.DrawFn) -> Case:
    shape = draw(SHAPES)
    network, generator = begin(draw, shape)
    options = schema.StridedSliceOptionsT()
    begins: list[int] = []
    ends: list[int] = []
    steps: list[int] = []
    after: list[int] = []
    for axis, size in enumerate(shape):
        step = draw(st.sampled_from([1, 1, 2, 3, -1, -2])) if axis else 1
        first, last = (
            (0, size) if axis == 0 else (draw(st.integers(-size, size - 1)), draw(st.integers(-size, size)))
        )
        masks = draw(st.integers(0, 3)) if axis else 0
        if axis and draw(st.sampled_from([False, False, True])):
            options.shrinkAxisMask |= 1 << axis
            begins, ends, steps = [*begins, first], [*ends, first + 1], [*steps, 1]
            continue
        bounds = slice(None if masks & 1 else first, None if masks & 2 else last, step)
        count = len(range(*bounds.indices(size)))
        if count == 0:
            first, last, step, masks, count = 0, size, 1, 0, size
        options.beginMask |= (masks & 1) << axis
        options.endMask |= (masks >> 1) << axis
        begins, ends, steps, after = [*begins, first], [*ends, last], [*steps, step], [*after, count]
    inputs = [
        network.last,
        integers(network, "begin", begins),
        integers(network, "end", ends),
        integers(network, "strides", steps),
    ]
    return append(network, "STRIDED_SLICE", inputs, after, "StridedSliceOptions", options), generator


@st.composite
def reversals(draw: st.DrawFn) -> Case:
    shape = draw(SHAPES)
    network, generator = begin(draw, shape)
    axis = draw(st.integers(1, len(shape) - 1))
    return append(network, "REVERSE_V2", [network.last, integers(network, "axis", [axis])], shape), generator


@st.composite
def broadcasts(draw: st.DrawFn) -> Case:
    after = draw(SHAPES)
    shape = (1, *(draw(st.sampled_from([size, 1])) for size in after[1:]))
    network, generator = begin(draw, shape)
    return append(
        network, "BROADCAST_TO", [network.last, integers(network, "shape", after)], after
    ), generator


@st.composite
def blocks(draw: st.DrawFn) -> Case:
    block = draw(st.integers(1, 3))
    rows, columns, channels = (draw(st.integers(1, 3)) for _ in range(3))
    wide = (1, rows * block, columns * block, channels)
    deep = (1, rows, columns, channels * block * block)
    if draw(st.booleans()):
        network, generator = begin(draw, wide)
        options = schema.SpaceToDepthOptionsT()
        options.blockSize = block
        append(network, "SPACE_TO_DEPTH", [network.last], deep, "SpaceToDepthOptions", options)
    else:
        network, generator = begin(draw, deep)
        options = schema.DepthToSpaceOptionsT()
        options.blockSize = block
        append(network, "DEPTH_TO_SPACE", [network.last], wide, "DepthToSpaceOptions", options)
    return network, generator


@st.composite
def packs(draw: st.DrawFn) -> Case:
    shape = draw(SHAPES)
    network, generator = begin(draw, shape)
    axis = draw(st.integers(1, len(shape)))
    count = draw(st.integers(1, 3))
    others = [
        network.constant(f"part_{part}", random_values(generator, shape), [0.1]) for part in range(count)
    ]
    inputs = [*others[:1], network.last, *others[1:]]
    options = schema.PackOptionsT()
    options.axis, options.valuesCount = signed(draw, axis, len(shape) + 1), len(inputs)
    after = (*shape[:axis], len(inputs), *shape[axis:])
    return append(network, "PACK", inputs, after, "PackOptions", options), generator


@st.composite
def splits(draw: st.DrawFn) -> Case:
    """All outputs are joined again, in another order, so that the model has one output."""
    shape = (1, *draw(st.lists(st.integers(1, 5), min_size=2, max_size=3)))
    axis = draw(st.integers(1, len(shape) - 1))
    kind = draw(st.sampled_from(["SPLIT", "SPLIT_V", "UNPACK"]))
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    sizes = [1] * len(sizes) if kind == "UNPACK" else sizes[:1] * len(sizes) if kind == "SPLIT" else sizes
    shape = (*shape[:axis], sum(sizes), *shape[axis + 1 :])
    network, generator = begin(draw, shape)
    given = signed(draw, axis, len(shape))
    drop = kind == "UNPACK"

    def part(size: int) -> tuple[int, ...]:
        return (*shape[:axis], *(() if drop else (size,)), *shape[axis + 1 :])

    parts = [like(network, f"part_{place}", part(size)) for place, size in enumerate(sizes)]
    name, options = "NONE", None
    if kind == "SPLIT":
        inputs = [integers(network, "axis", given), 0]
        name, options = "SplitOptions", schema.SplitOptionsT()
        options.numSplits = len(sizes)
    elif kind == "SPLIT_V":
        inputs = [0, integers(network, "sizes", sizes), integers(network, "axis", given)]
        name, options = "SplitVOptions", schema.SplitVOptionsT()
        options.numSplits = len(sizes)
    else:
        inputs = [0]
        name, options = "UnpackOptions", schema.UnpackOptionsT()
        options.num, options.axis = len(sizes), given
    network.add(getattr(schema.BuiltinOperator, kind), 2, inputs, parts[0], name, options)
    network.operators[-1].outputs = parts
    joined = schema.ConcatenationOptionsT()
    joined.axis = len(part(1)) - 1 if drop else axis
    after = list(part(1))
    last = joined.axis
    after[last] = sum(network.tensors[index].shape[last] for index in parts[::-1])
    return append(network, "CONCATENATION", parts[::-1], after, "ConcatenationOptions", joined), generator


FAMILY = {
    "CONCATENATION": concatenations(),
    "PAD and PADV2": paddings(),
    "TRANSPOSE": transpositions(),
    "SLICE": slices(),
    "STRIDED_SLICE": strided_slices(),
    "REVERSE_V2": reversals(),
    "BROADCAST_TO": broadcasts(),
    "SPACE_TO_DEPTH and DEPTH_TO_SPACE": blocks(),
    "PACK": packs(),
    "SPLIT, SPLIT_V and UNPACK": splits(),
}


@pytest.mark.parametrize("strategy", FAMILY.values(), ids=FAMILY)
def test_every_value_lands_where_the_reference_puts_it(
    runner: KernelRunner, strategy: st.SearchStrategy[Case]
) -> None:
    @settings(max_examples=60)
    @given(case=strategy)
    def check(case: Case) -> None:
        expect_reference_bytes(runner, *case)

    check()


@pytest.mark.parametrize(("operator", "shape"), [("SQUEEZE", (1, 3, 2)), ("EXPAND_DIMS", (1, 3, 1, 1, 2))])
def test_dimensions_of_one_come_and_go_without_a_kernel(
    runner: KernelRunner, operator: str, shape: tuple[int, ...]
) -> None:
    network = Network((1, 3, 1, 2))
    inputs = [network.last] + ([integers(network, "axis", 2)] if operator == "EXPAND_DIMS" else [])
    kind, options = ("SqueezeOptions", schema.SqueezeOptionsT()) if operator == "SQUEEZE" else ("NONE", None)
    if options is not None:
        options.squeezeDims = [2]
    append(network, operator, inputs, shape, kind, options)
    expect_reference_bytes(runner, network, np.random.default_rng(0))
    assert plan_model(parse_model(network.flatbuffer()), ["layer"]).kernel_calls == []


def refused(network: Network) -> str:
    with pytest.raises(UserError) as refusal:
        plan_model(parse_model(network.flatbuffer()), [f"layer_{i}" for i in range(len(network.operators))])
    return str(refusal.value)


def test_what_does_not_fit_together_is_refused() -> None:
    network = Network((1, 4, 3))
    append(network, "TRANSPOSE", [0, integers(network, "order", [0, 1, 1])], (1, 4, 3))
    assert "orders 3 dimensions by [0, 1, 1]" in refused(network)
    network = Network((1, 4, 3))
    begin_at, size = integers(network, "begin", [0, 2, 0]), integers(network, "size", [1, 3, 3])
    append(network, "SLICE", [0, begin_at, size], (1, 3, 3))
    assert "reads outside tensor 0 (input) of shape [1, 4, 3]" in refused(network)
    network = Network((1, 4, 3))
    append(network, "PAD", [0, integers(network, "paddings", [[0, 0], [-1, 0], [0, 0]])], (1, 3, 3))
    assert "pads tensor 0 (input) of shape [1, 4, 3] by [0, 0, -1, 0, 0, 0]" in refused(network)
    network = Network((1, 4, 3))
    options = schema.ConcatenationOptionsT()
    options.axis = 5
    append(network, "CONCATENATION", [0, 0], (1, 8, 3), "ConcatenationOptions", options)
    assert "names axis 5 of 3 dimensions" in refused(network)
    network = Network((1, 4, 4, 3))
    blocked = schema.SpaceToDepthOptionsT()
    blocked.blockSize = 3
    append(network, "SPACE_TO_DEPTH", [0], (1, 1, 1, 27), "SpaceToDepthOptions", blocked)
    assert "has blocks of 3 for tensor 0 (input) of shape [1, 4, 4, 3]" in refused(network)
