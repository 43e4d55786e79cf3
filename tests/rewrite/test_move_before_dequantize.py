"""What only moves values behind a DEQUANTIZE moves int8 values, with the bytes of TensorFlow Lite Micro."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import Plan, plan_model
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import Network, random_weights
from tests.operators.drawing import SEEDS, ZERO_POINTS, expect_reference_bytes

CODES = schema.BuiltinOperator
SCALES = st.floats(0.01, 0.3)


def split(parts: int, scales: list[float], zero_points: list[int], negated: bool) -> Network:
    """int8, DEQUANTIZE, TRANSPOSE and SPLIT in float32, then each part as int8 of a scale of its own, or a
    NEG before that; all joined again in the end."""
    network = Network((1, 3, 2 * parts), scales[0], zero_points[0])
    network.dequantize()
    turned = network.real("turned", (1, 2 * parts, 3))
    order = network.constant("order", np.array([0, 2, 1], np.int32))
    options = schema.TransposeOptionsT()
    network.add(CODES.TRANSPOSE, 1, [network.last, order], turned, "TransposeOptions", options)
    options = schema.SplitOptionsT()
    options.numSplits = parts
    pieces = [network.real(f"piece{part}", (1, 2, 3)) for part in range(parts)]
    axis = network.constant("axis", np.array(1, np.int32))
    network.add(CODES.SPLIT, 1, [axis, turned], pieces[0], "SplitOptions", options)
    network.operators[-1].outputs = pieces
    joined = []
    for part, (piece, scale, zero_point) in enumerate(zip(pieces, scales[1:], zero_points[1:], strict=True)):
        last = piece
        if negated and part % 2:
            last = network.real(f"negated{part}", (1, 2, 3))
            network.add(CODES.NEG, 1, [piece], last, "NegOptions", schema.NegOptionsT())
        network.last = last
        network.quantize(network.activation(f"back{part}", (1, 2, 3), scale, zero_point))
        joined.append(network.last)
    for part, last in enumerate(joined[1:], 1):
        output = network.activation(f"sum{part}", (1, 2, 3), scales[1], zero_points[1])
        first = joined[0] if part == 1 else network.last
        network.add(CODES.ADD, 2, [first, last], output, "AddOptions", schema.AddOptionsT())
    return network


def planned(network: Network) -> Plan:
    model = parse_model(network.flatbuffer())
    return plan_model(model, [f"layer_{operator.index}" for operator in model.operators])


@settings(max_examples=60)
@given(
    parts=st.integers(2, 4),
    scales=st.lists(SCALES, min_size=5, max_size=5),
    zero_points=st.lists(ZERO_POINTS, min_size=5, max_size=5),
    negated=st.booleans(),
    seed=SEEDS,
)
def test_a_split_between_other_scales_equals_the_reference(
    runner: KernelRunner,
    parts: int,
    scales: list[float],
    zero_points: list[int],
    negated: bool,
    seed: int,
) -> None:
    network = split(parts, scales[: parts + 1], zero_points[: parts + 1], negated)
    expect_reference_bytes(runner, network, np.random.default_rng(seed))


def test_nothing_is_computed_in_float32_and_the_changes_say_so() -> None:
    plan = planned(split(3, [0.1, 0.05, 0.02, 0.3], [0, 1, 2, 3], negated=True))
    assert not [call for call in plan.kernel_calls if "dequantize" in call.kernel]
    texts = {change.operator.name: change.text for change in plan.changes}
    assert texts["SPLIT"] == texts["TRANSPOSE"] == "moves the int8 values before they are dequantised"
    assert len({tuple(call.outputs) for call in plan.calls}) == len(plan.calls)


@settings(max_examples=30)
@given(
    name=st.sampled_from(["RESHAPE", "PAD", "REVERSE_V2", "STRIDED_SLICE", "GATHER", "PACK"]),
    back=st.booleans(),
    seed=SEEDS,
    zero_point=ZERO_POINTS,
)
def test_whatever_moves_behind_a_dense_layer_equals_the_reference(
    runner: KernelRunner, name: str, back: bool, seed: int, zero_point: int
) -> None:
    """With the model's output in float32 right behind it, or int8 of another scale."""
    generator = np.random.default_rng(seed)
    network = Network((1, 6), 0.05, 3)
    network.fully_connected(random_weights(generator, (8, 6)), [0.02], None, 0.1, zero_point)
    network.dequantize()
    constants, shape, kind, options = moving(name)
    inputs = [
        network.last,
        *(network.constant(f"c{i}", np.array(c, np.int32)) for i, c in enumerate(constants)),
    ]
    if name == "PACK":
        inputs *= 2
    output = network.real("moved", shape)
    network.add(getattr(CODES, name), 1, inputs, output, kind, options)
    if back:
        network.quantize(network.activation("back", shape, 0.07, 5))
    expect_reference_bytes(runner, network, generator)


def moving(name: str) -> tuple[list[Any], tuple[int, ...], str, Any]:
    """Constants, the shape of the output and the options of an operator that moves (1, 8)."""
    if name == "RESHAPE":
        options = schema.ReshapeOptionsT()
        options.newShape = [1, 2, 4]
        return [[1, 2, 4]], (1, 2, 4), "ReshapeOptions", options
    if name == "PAD":
        return [[[0, 0], [1, 2]]], (1, 11), "PadOptions", schema.PadOptionsT()
    if name == "REVERSE_V2":
        return [[1]], (1, 8), "ReverseV2Options", schema.ReverseV2OptionsT()
    if name == "STRIDED_SLICE":
        return [[0, 1], [1, 7], [1, 2]], (1, 3), "StridedSliceOptions", schema.StridedSliceOptionsT()
    options = schema.GatherOptionsT() if name == "GATHER" else schema.PackOptionsT()
    options.axis = 1
    if name == "GATHER":
        return [[5, 0, 5]], (1, 3), "GatherOptions", options
    options.valuesCount = 2
    return [], (1, 2, 8), "PackOptions", options
