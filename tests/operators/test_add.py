"""ADD: the bytes of TensorFlow Lite Micro, over generated shapes, broadcasts, scales and extreme values."""

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
from tests.networks import ACTIVATIONS as CODES
from tests.networks import Network
from tests.operators.drawing import (
    ACTIVATIONS,
    SCALES,
    SEEDS,
    ZERO_POINTS,
    Case,
    expect_reference_bytes,
    random_values,
)


def add(
    network: Network,
    inputs: list[int],
    shape: tuple[int, ...],
    scale: float,
    zero_point: int,
    activation: str = "NONE",
) -> None:
    options = schema.AddOptionsT()
    options.fusedActivationFunction = CODES[activation]
    output = network.activation("sum", shape, scale, zero_point)
    network.add(schema.BuiltinOperator.ADD, 2, inputs, output, "AddOptions", options)


def sum_scale(draw: st.DrawFn, *scales: float) -> float:
    """A scale that spreads the sums over int8, or saturates them, or leaves them all at the zero point."""
    return max(scales) * draw(st.sampled_from([0.25, 1.0, 2.0, 16.0]) | st.floats(0.01, 64))


@st.composite
def sums_with_a_constant(draw: st.DrawFn) -> Case:
    """The input and a constant, in either order, either of which is repeated along some dimensions."""
    generator = np.random.default_rng(draw(SEEDS))
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    kept = [draw(st.sampled_from([size, size, 1])) for size in shape]
    other = [
        size if one == 1 else draw(st.sampled_from([size, 1])) for one, size in zip(kept, shape, strict=True)
    ]
    other = other[draw(st.integers(0, len(other) - 1)) :] if kept == shape else other
    network = Network((1, *kept), draw(SCALES), draw(ZERO_POINTS))
    scale = draw(SCALES)
    constant = network.constant("term", random_values(generator, tuple(other)), [scale])
    network.tensors[constant].quantization.zeroPoint = [draw(ZERO_POINTS)]
    inputs = [network.last, constant] if draw(st.booleans()) else [constant, network.last]
    add(
        network,
        inputs,
        (1, *shape),
        sum_scale(draw, network.scale, scale),
        draw(ZERO_POINTS),
        draw(ACTIVATIONS),
    )
    return network, generator


@st.composite
def residual_sums(draw: st.DrawFn) -> Case:
    """An activation and what a pooling made of the input, or an activation and itself."""
    generator = np.random.default_rng(draw(SEEDS))
    size = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    network = Network((1, *size, draw(st.integers(1, 5))), draw(SCALES), draw(ZERO_POINTS))
    before = network.last
    network.max_pool_2d((1, 2), (1, 1), "SAME")
    first = before if draw(st.booleans()) else network.last
    add(
        network,
        [first, network.last],
        network.shape,
        sum_scale(draw, network.scale),
        draw(ZERO_POINTS),
        draw(ACTIVATIONS),
    )
    return network, generator


@settings(max_examples=150)
@given(case=sums_with_a_constant())
def test_a_sum_with_a_constant_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@settings(max_examples=60)
@given(case=residual_sums())
def test_a_residual_sum_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@settings(max_examples=40)
@given(
    scales=st.tuples(SCALES, SCALES, st.floats(0.05, 1)),
    zero_points=st.tuples(ZERO_POINTS, ZERO_POINTS, ZERO_POINTS),
    swapped=st.booleans(),
)
def test_all_65536_pairs_equal_the_reference(
    runner: KernelRunner, scales: tuple[float, ...], zero_points: tuple[int, ...], swapped: bool
) -> None:
    network = Network((1, 256, 1), scales[0], zero_points[0])
    every = np.arange(-128, 128).astype(np.int8)
    constant = network.constant("term", every, [scales[1]])
    network.tensors[constant].quantization.zeroPoint = [zero_points[1]]
    inputs = [constant, network.last] if swapped else [network.last, constant]
    add(network, inputs, (1, 256, 256), scales[2], zero_points[2])
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=every[np.newaxis])


@pytest.mark.parametrize(
    ("shape", "scale", "message"),
    [
        ((1, 4, 3), 1e-8, r"operator 0 \(ADD\) has an output of scale 1e-08 .* too small"),
        (
            (1, 3, 4),
            1.0,
            r"operator 0 \(ADD\) has tensor \d \(sum\) of shape \[1, 3, 4\] .* give \[1, 4, 3\]",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(shape: tuple[int, ...], scale: float, message: str) -> None:
    network = Network((1, 4, 3))
    add(network, [network.last, network.constant("term", np.zeros(3, np.int8), [0.1])], shape, scale, 0)
    with pytest.raises(UserError, match=message):
        plan_model(parse_model(network.flatbuffer()), ["sum"])


def test_shapes_that_cannot_be_broadcast_are_refused() -> None:
    network = Network((1, 4, 3))
    add(network, [network.last, network.constant("term", np.zeros(2, np.int8), [0.1])], (1, 4, 3), 1.0, 0)
    with pytest.raises(UserError, match=r"operator 0 \(ADD\) joins .* cannot be broadcast"):
        plan_model(parse_model(network.flatbuffer()), ["sum"])
    assert math.prod(network.shape) == 12
