"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN: the bytes of TensorFlow Lite Micro, over generated shapes, axes,
scales and extreme values."""

import math

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
from tests.operators.drawing import SCALES, SEEDS, ZERO_POINTS, Case, expect_reference_bytes

SUMS = ["MEAN", "SUM"]
EXTREMES = ["REDUCE_MAX", "REDUCE_MIN"]


def reduce(
    network: Network, operator: str, axes: list[int], keep_dims: bool, scale: float, zero_point: int
) -> None:
    options = schema.ReducerOptionsT()
    options.keepDims = keep_dims
    shape = list(network.shape)
    reduced = {axis % len(shape) for axis in axes}
    after = [
        1 if axis in reduced else size for axis, size in enumerate(shape) if keep_dims or axis not in reduced
    ]
    inputs = [network.last, network.constant("axes", np.array(axes, np.int32))]
    output = network.activation("reduced", after, scale, zero_point)
    network.add(getattr(schema.BuiltinOperator, operator), 2, inputs, output, "ReducerOptions", options)


@st.composite
def reductions(draw: st.DrawFn, operator: str) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    shape = (1, *draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)))
    zero_point = draw(ZERO_POINTS)
    network = Network(shape, draw(SCALES), zero_point)
    axes = draw(st.lists(st.integers(1, len(shape) - 1), min_size=1, max_size=len(shape) - 1, unique=True))
    count = math.prod(shape[axis] for axis in axes)
    axes = [axis - len(shape) if draw(st.booleans()) else axis for axis in axes]
    into = (network.scale, zero_point)
    if operator in SUMS:
        spread = draw(st.sampled_from([0.1, 0.5, 1.0, 1.0, 3.0]) | st.floats(0.01, 10))
        whole = network.scale * (math.sqrt(count) if operator == "SUM" else 1)
        into = (whole * spread, draw(ZERO_POINTS))
    reduce(network, operator, axes, draw(st.booleans()), *into)
    return network, generator


@settings(max_examples=120)
@given(data=st.data())
@pytest.mark.parametrize("operator", [*SUMS, *EXTREMES])
def test_a_reduction_equals_the_reference(runner: KernelRunner, operator: str, data: st.DataObject) -> None:
    case = data.draw(reductions(operator))
    expect_reference_bytes(runner, *case, goal=data.draw(st.sampled_from(["portable", "speed"])))


@pytest.mark.parametrize("operator", EXTREMES)
def test_an_extreme_of_another_scale_is_refused(operator: str) -> None:
    network = Network((1, 4, 3), 0.1, 3)
    reduce(network, operator, [1], False, 0.1, 4)
    with pytest.raises(UserError, match=rf"operator 0 \({operator}\) has an output of another scale or zero"):
        plan_model(parse_model(network.flatbuffer()), ["layer"])


@pytest.mark.parametrize("count", [1, 2, 3, 7, 49, 64, 1000])
def test_ties_between_two_outputs_are_rounded_as_in_the_reference(runner: KernelRunner, count: int) -> None:
    """Sums one apart, so that every fraction of `count` comes up, and those that lie halfway."""
    network = Network((1, count, 3), 0.05, -3)
    reduce(network, "MEAN", [1], False, 0.05, 4)
    rows = []
    for above in range(0, count + 1, max(1, count // 20)):
        row = np.full((count, 3), (-100, 0, 99), np.int8)
        row[:above] += 1
        rows.append(row.ravel())
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=np.array(rows))


def test_an_axis_outside_the_input_is_refused() -> None:
    network = Network((1, 4, 3))
    reduce(network, "MEAN", [1], False, 0.1, 0)
    network.model.buffers[-1].data = np.frombuffer(np.array([3], "<i4").tobytes(), np.uint8)
    with pytest.raises(UserError, match=r"operator 0 \(MEAN\) reduces .* of shape \[1, 4, 3\] along \[3\]"):
        plan_model(parse_model(network.flatbuffer()), ["mean"])


def test_axes_that_are_not_constant_are_refused() -> None:
    network = Network((1, 4, 3))
    reduce(network, "MEAN", [1], False, 0.1, 0)
    network.operators[0].inputs = [0, 0]
    with pytest.raises(
        UserError, match=r"operator 0 \(MEAN\) has tensor 0 \(input\) as input 1, not constant"
    ):
        plan_model(parse_model(network.flatbuffer()), ["mean"])
