"""MIRROR_PAD, SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND, GATHER, RESIZE_BILINEAR, ARG_MAX, ARG_MIN, CAST and the
logical operators: the bytes of TensorFlow Lite Micro."""

import math
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
from tests.networks import Network, reference, some_inputs
from tests.operators.drawing import SEEDS, ZERO_POINTS, Case, expect_reference_bytes

CODES = schema.BuiltinOperator
SIZES = st.integers(1, 5)


def add(
    network: Network,
    name: str,
    constants: list[Any],
    shape: tuple[int, ...],
    kind: str = "NONE",
    **fields: Any,
) -> None:
    """An operator of the last tensor and int32 constants, of the same quantisation."""
    options = getattr(schema, f"{kind}T")()
    for field, value in fields.items():
        setattr(options, field, value)
    inputs = [network.last, *(network.constant("c", np.array(one, np.int32)) for one in constants)]
    quantization = network.tensors[network.last].quantization
    output = network.activation(name.lower(), shape, quantization.scale[0], quantization.zeroPoint[0])
    network.add(getattr(CODES, name), 1, inputs, output, kind, options)


@st.composite
def mirrored(draw: st.DrawFn) -> Case:
    shape = (1, *draw(st.lists(SIZES, min_size=1, max_size=3)))
    network = Network(shape, 0.05, draw(ZERO_POINTS))
    edge = draw(st.integers(0, 1))
    paddings = [[draw(st.integers(0, size - edge)) for _ in range(2)] for size in shape[1:]]
    paddings.insert(0, [0, 0])
    padded = tuple(size + sum(pair) for size, pair in zip(shape, paddings, strict=True))
    add(network, "MIRROR_PAD", [paddings], padded, "MirrorPadOptions", mode=1 - edge)
    return network, np.random.default_rng(draw(SEEDS))


@st.composite
def cut_into_batches(draw: st.DrawFn) -> Case:
    """Into images of every n-th pixel and, perhaps, back, less some rows and columns."""
    rank = draw(st.integers(3, 4))
    block = [draw(st.integers(1, 3)) for _ in range(rank - 2)]
    sizes = [draw(SIZES) * count for count in block]
    zero_point = draw(ZERO_POINTS)
    network = Network((1, *sizes, draw(SIZES)), 0.05, zero_point)
    paddings = [[0, 0] for _ in block]
    parts = [size // count for size, count in zip(sizes, block, strict=True)]
    channels = network.shape[-1]
    images = math.prod(block)
    add(network, "SPACE_TO_BATCH_ND", [block, paddings], (images, *parts, channels), "SpaceToBatchNDOptions")
    if draw(st.booleans()):
        crops = [[draw(st.integers(0, size - 1)), 0] for size in sizes]
        cropped = [size - sum(pair) for size, pair in zip(sizes, crops, strict=True)]
        add(network, "BATCH_TO_SPACE_ND", [block, crops], (1, *cropped, channels), "BatchToSpaceNDOptions")
    else:
        network.reshape((1, math.prod(network.shape)))
    return network, np.random.default_rng(draw(SEEDS))


@st.composite
def gathered(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    shape = (1, *draw(st.lists(SIZES, min_size=1, max_size=3)))
    axis = draw(st.integers(0, len(shape) - 1))
    shared = draw(st.integers(0, min(axis, 1)))
    network = Network(shape, 0.05, draw(ZERO_POINTS))
    rest = draw(st.sampled_from([(3,), (1,), (2, 2)]))
    positions = generator.integers(0, shape[axis], (*shape[:shared], *rest))
    result = (*shape[:axis], *rest, *shape[axis + 1 :])
    signed = axis - len(shape) if draw(st.booleans()) else axis
    add(network, "GATHER", [positions], result, "GatherOptions", axis=signed, batchDims=shared)
    if result[:1] != (1,):
        network.reshape((1, math.prod(result)))
    return network, generator


@st.composite
def resized(draw: st.DrawFn) -> Case:
    corners, centers = draw(st.sampled_from([(False, False), (True, False), (False, True)]))
    network = Network((1, draw(SIZES), draw(SIZES), draw(SIZES)), 0.05, draw(ZERO_POINTS))
    size = draw(st.integers(1, 11)), draw(st.integers(1, 11))
    add(
        network, "RESIZE_BILINEAR", [size], (1, *size, network.shape[3]), "ResizeBilinearOptions",
        alignCorners=corners, halfPixelCenters=centers,
    )  # fmt: skip
    return network, np.random.default_rng(draw(SEEDS))


@st.composite
def found(draw: st.DrawFn) -> Case:
    """Where the greatest or the least is; a cast of it to float32 or int8 behind, perhaps."""
    name = draw(st.sampled_from(["ARG_MAX", "ARG_MIN"]))
    shape = (1, *draw(st.lists(SIZES, min_size=1, max_size=3)))
    axis = draw(st.integers(1, len(shape) - 1))
    network = Network(shape, 0.05, draw(ZERO_POINTS))
    inputs = [network.last, network.constant("axis", np.array(axis - len(shape), np.int32))]
    output = network.integers("place", (*shape[:axis], *shape[axis + 1 :]))
    kind = "ArgMaxOptions" if name == "ARG_MAX" else "ArgMinOptions"
    options = getattr(schema, f"{kind}T")()
    options.outputType = schema.TensorType.INT32
    network.add(getattr(CODES, name), 1, inputs, output, kind, options)
    behind = draw(st.sampled_from(["", "FLOAT32", "INT8"]))
    if behind:
        cast = network.real("cast", network.shape)
        network.tensors[cast].type = getattr(schema.TensorType, behind)
        if behind == "INT8":
            network.tensors[cast].quantization.scale = [1.0]
            network.tensors[cast].quantization.zeroPoint = [0]
        network.add(CODES.CAST, 1, [network.last], cast, "CastOptions", schema.CastOptionsT())
    return network, np.random.default_rng(draw(SEEDS))


@pytest.mark.parametrize("cases", [mirrored, gathered, resized, found, cut_into_batches])
@settings(max_examples=80)
@given(data=st.data())
def test_it_equals_the_reference(runner: KernelRunner, cases: Any, data: st.DataObject) -> None:
    expect_reference_bytes(runner, *data.draw(cases()))


@settings(max_examples=40)
@given(
    rows=SIZES,
    inner=st.lists(SIZES, max_size=2).map(tuple),
    count=SIZES,
    before=st.integers(0, 2),
    seed=SEEDS,
)
def test_positions_that_are_an_input_take_the_references_slices_and_the_nearest_beyond(
    runner: KernelRunner, rows: int, inner: tuple[int, ...], count: int, before: int, seed: int
) -> None:
    """An Embedding layer: a constant table, indices at run time."""
    generator = np.random.default_rng(seed)
    network = Network((1, 1), 0.05, 0)
    network.set_input(network.integers("words", (1, count)))
    values = generator.integers(-128, 128, (before + 1, rows, *inner)).astype(np.int8)
    if before == 0:
        values = values[0]
    axis = 1 if before else 0
    shape = (before + 1, 1, count, *inner) if before else (1, count, *inner)
    output = network.activation("slices", shape, 0.05, 0)
    options = schema.GatherOptionsT()
    options.axis = axis
    table = network.constant("table", values, [0.05])
    network.add(CODES.GATHER, 2, [table, network.last], output, "GatherOptions", options)
    network.reshape((1, math.prod(shape)))
    words = generator.integers(0, rows, (5, count)).astype(np.int32)
    expect_reference_bytes(runner, network, generator, inputs=words.view(np.int8))
    model = parse_model(network.flatbuffer())
    plan = plan_model(model, [f"layer_{operator.index}" for operator in model.operators])
    beyond = np.array([[-1] * count, [rows] * count, [2**31 - 1] * count], np.int32)
    nearest = np.clip(beyond, 0, rows - 1)
    np.testing.assert_array_equal(
        runner.run(plan, beyond.view(np.int8)), runner.run(plan, nearest.view(np.int8))
    )


@settings(max_examples=40)
@given(data=st.data(), zero_point=ZERO_POINTS, seed=SEEDS)
def test_what_is_cut_with_paddings_equals_the_reference_of_zeros_around_it(
    runner: KernelRunner, data: st.DataObject, zero_point: int, seed: int
) -> None:
    """The reference pads with a value that it never sets: zeros of PADV2 stand for it."""
    block = [data.draw(st.integers(1, 3)) for _ in range(data.draw(st.integers(1, 2)))]
    sizes, channels = [data.draw(SIZES) * count for count in block], data.draw(SIZES)
    before = [data.draw(st.integers(0, min(3, size - 1))) for size in sizes]
    paddings = [
        [first, -(size + first) % count] for first, size, count in zip(before, sizes, block, strict=True)
    ]
    padded = [size + sum(pair) for size, pair in zip(sizes, paddings, strict=True)]
    parts = [size // count for size, count in zip(padded, block, strict=True)]
    ours, theirs = (Network((1, *sizes, channels), 0.05, zero_point) for _ in range(2))
    zero = theirs.constant("zero", np.zeros(1, np.int8), [0.05])
    theirs.tensors[zero].quantization.zeroPoint = [zero_point]
    around = theirs.constant("around", np.array([[0, 0], *paddings, [0, 0]], np.int32))
    output = theirs.activation("padded", (1, *padded, channels), 0.05, zero_point)
    options = schema.PadV2OptionsT()
    theirs.add(CODES.PADV2, 2, [0, around, zero], output, "PadV2Options", options)
    shape = (math.prod(block), *parts, channels)
    add(ours, "SPACE_TO_BATCH_ND", [block, paddings], shape, "SpaceToBatchNDOptions")
    add(theirs, "SPACE_TO_BATCH_ND", [block, [[0, 0]] * len(block)], shape, "SpaceToBatchNDOptions")
    for network in (ours, theirs):
        network.reshape((1, math.prod(shape)))
    inputs = some_inputs(ours, np.random.default_rng(seed))
    plan = plan_model(parse_model(ours.flatbuffer()), ["cut", "flat"])
    np.testing.assert_array_equal(runner.run(plan, inputs), reference(theirs.flatbuffer(), inputs))


@settings(max_examples=40)
@given(name=st.sampled_from(["LOGICAL_AND", "LOGICAL_OR"]), zero_point=ZERO_POINTS, seed=SEEDS)
def test_truths_equal_the_reference(runner: KernelRunner, name: str, zero_point: int, seed: int) -> None:
    """Of two comparisons, one of which is repeated along the rows; the contrary as numbers at the end."""
    generator = np.random.default_rng(seed)
    network = Network((1, 4, 3), 0.05, zero_point)
    truths = []
    for relation, constant in (("LESS", (3,)), ("GREATER", ())):
        values = generator.integers(-128, 128, constant).astype(np.int8)
        other = network.constant("other", values, [0.05])
        truth = network.logical(relation.lower(), (1, 4, 3))
        network.add(getattr(CODES, relation), 2, [0, other], truth)
        truths.append(truth)
    both = network.logical("both", (1, 4, 3))
    kind = "LogicalAndOptions" if name == "LOGICAL_AND" else "LogicalOrOptions"
    network.add(getattr(CODES, name), 1, truths, both, kind, getattr(schema, f"{kind}T")())
    neither = network.logical("neither", (1, 4, 3))
    options = schema.LogicalNotOptionsT()
    network.add(CODES.LOGICAL_NOT, 1, [both], neither, "LogicalNotOptions", options)
    network.add(
        CODES.CAST, 1, [neither], network.real("numbers", (1, 4, 3)), "CastOptions", schema.CastOptionsT()
    )
    expect_reference_bytes(runner, network, generator)


def refused(change: str) -> Network:
    network = Network((1, 4, 4, 2), 0.05, 3)
    if change == "mirror":
        add(
            network,
            "MIRROR_PAD",
            [[[0, 0], [4, 0], [0, 0], [0, 0]]],
            (1, 8, 4, 2),
            "MirrorPadOptions",
            mode=0,
        )
    elif change == "gather":
        add(network, "GATHER", [[0, 4]], (1, 2, 4, 2), "GatherOptions", axis=1)
    elif change == "blocks":
        paddings = [[0, 0], [0, 0]]
        add(network, "SPACE_TO_BATCH_ND", [[3, 2], paddings], (6, 1, 2, 2), "SpaceToBatchNDOptions")
        network.reshape((1, 24))
    elif change == "joined":
        crops = [[0, 0], [0, 0]]
        add(network, "BATCH_TO_SPACE_ND", [[2, 2], crops], (1, 8, 8, 2), "BatchToSpaceNDOptions")
    elif change == "corners":
        add(
            network, "RESIZE_BILINEAR", [[8, 8]], (1, 8, 8, 2), "ResizeBilinearOptions", alignCorners=True,
            halfPixelCenters=True,
        )  # fmt: skip
    return network


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("mirror", r"operator 0 \(MIRROR_PAD\) pads tensor 0 .* more than it can mirror"),
        ("gather", r"operator 0 \(GATHER\) takes positions outside 0 to 3"),
        ("blocks", r"operator 0 \(SPACE_TO_BATCH_ND\) cuts \[4, 4\] padded pixels into blocks of \[3, 2\]"),
        ("joined", r"operator 0 \(BATCH_TO_SPACE_ND\) joins 1 images in blocks of \[2, 2\]"),
        ("corners", r"operator 0 \(RESIZE_BILINEAR\) aligns corners and has half pixel centers"),
    ],
)
def test_what_does_not_fit_together_is_refused(change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan_model(parse_model(refused(change).flatbuffer()), ["layer", "reshape"])
