"""ADD, SUB, MUL, MAXIMUM and MINIMUM: the bytes of TensorFlow Lite Micro, over generated shapes, broadcasts,
scales and extreme values."""

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

# The type of the options, which hold an activation where there is one.
OPTIONS = {
    "ADD": schema.AddOptionsT,
    "SUB": schema.SubOptionsT,
    "MUL": schema.MulOptionsT,
    "MAXIMUM": schema.MaximumMinimumOptionsT,
    "MINIMUM": schema.MaximumMinimumOptionsT,
}
ARITHMETIC = ["ADD", "SUB", "MUL"]
COMPARISONS = ["MAXIMUM", "MINIMUM"]
KERNELS = st.sampled_from(["portable", "speed"])


def join(
    network: Network,
    operator: str,
    inputs: list[int],
    shape: tuple[int, ...],
    scale: float,
    zero_point: int,
    activation: str = "NONE",
) -> None:
    options = OPTIONS[operator]()
    if operator in ARITHMETIC:
        options.fusedActivationFunction = CODES[activation]
    output = network.activation("joined", shape, scale, zero_point)
    code = getattr(schema.BuiltinOperator, operator)
    network.add(code, 2, inputs, output, OPTIONS[operator].__name__.removesuffix("T"), options)


def output_scale(draw: st.DrawFn, operator: str, first: float, second: float) -> float:
    """A scale that spreads the outputs over int8, or saturates them, or leaves them all at the zero point."""
    whole = first * second * 128 if operator == "MUL" else max(first, second)
    return whole * draw(st.sampled_from([0.25, 1.0, 2.0, 16.0]) | st.floats(0.01, 64))


@st.composite
def joined_with_a_constant(draw: st.DrawFn, operator: str) -> Case:
    """The input and a constant, in either order, either of which is repeated along some dimensions."""
    generator = np.random.default_rng(draw(SEEDS))
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    kept = [draw(st.sampled_from([size, size, 1])) for size in shape]
    other = [
        size if one == 1 else draw(st.sampled_from([size, 1])) for one, size in zip(kept, shape, strict=True)
    ]
    other = other[draw(st.integers(0, len(other) - 1)) :] if kept == shape else other
    network = Network((1, *kept), draw(SCALES), draw(ZERO_POINTS))
    zero_point = network.tensors[network.last].quantization.zeroPoint[0]
    same = operator in COMPARISONS
    scale = network.scale if same else draw(SCALES)
    constant = network.constant("term", random_values(generator, tuple(other)), [scale])
    network.tensors[constant].quantization.zeroPoint = [zero_point if same else draw(ZERO_POINTS)]
    inputs = [network.last, constant] if draw(st.booleans()) else [constant, network.last]
    into = (scale, zero_point)
    if not same:
        into = (output_scale(draw, operator, network.scale, scale), draw(ZERO_POINTS))
    join(network, operator, inputs, (1, *shape), *into, draw(ACTIVATIONS))
    return network, generator


@st.composite
def residuals(draw: st.DrawFn, operator: str) -> Case:
    """An activation and what a pooling made of the input, or an activation and itself."""
    generator = np.random.default_rng(draw(SEEDS))
    size = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    network = Network((1, *size, draw(st.integers(1, 5))), draw(SCALES), draw(ZERO_POINTS))
    before = network.last
    network.max_pool_2d((1, 2), (1, 1), "SAME")
    first = before if draw(st.booleans()) else network.last
    into = (network.scale, network.tensors[before].quantization.zeroPoint[0])
    if operator in ARITHMETIC:
        into = (output_scale(draw, operator, network.scale, network.scale), draw(ZERO_POINTS))
    join(network, operator, [first, network.last], network.shape, *into, draw(ACTIVATIONS))
    return network, generator


@settings(max_examples=100)
@given(data=st.data())
@pytest.mark.parametrize("operator", OPTIONS)
def test_a_constant_and_an_activation_equal_the_reference(
    runner: KernelRunner, operator: str, data: st.DataObject
) -> None:
    case = data.draw(joined_with_a_constant(operator))
    expect_reference_bytes(runner, *case, goal=data.draw(KERNELS))


@settings(max_examples=40)
@given(data=st.data())
@pytest.mark.parametrize("operator", OPTIONS)
def test_two_activations_equal_the_reference(
    runner: KernelRunner, operator: str, data: st.DataObject
) -> None:
    expect_reference_bytes(runner, *data.draw(residuals(operator)), goal=data.draw(KERNELS))


@settings(max_examples=30)
@given(
    scales=st.tuples(SCALES, SCALES),
    factor=st.floats(0.05, 20),
    zero_points=st.tuples(ZERO_POINTS, ZERO_POINTS, ZERO_POINTS),
    swapped=st.booleans(),
    goal=KERNELS,
)
@pytest.mark.parametrize("operator", ARITHMETIC)
def test_all_65536_pairs_equal_the_reference(
    runner: KernelRunner,
    operator: str,
    scales: tuple[float, float],
    factor: float,
    zero_points: tuple[int, int, int],
    swapped: bool,
    goal: str,
) -> None:
    network = Network((1, 256, 1), scales[0], zero_points[0])
    every = np.arange(-128, 128).astype(np.int8)
    constant = network.constant("term", every, [scales[1]])
    network.tensors[constant].quantization.zeroPoint = [zero_points[1]]
    inputs = [constant, network.last] if swapped else [network.last, constant]
    whole = scales[0] * scales[1] * 128 if operator == "MUL" else max(scales)
    join(network, operator, inputs, (1, 256, 256), whole * factor, zero_points[2])
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=every[np.newaxis], goal=goal)


@pytest.mark.parametrize(
    ("operator", "shape", "scale", "message"),
    [
        ("ADD", (1, 4, 3), 1e-8, r"has an output of scale 1e-08 .* too small for .* ADD"),
        ("SUB", (1, 4, 3), 1e-8, r"has an output of scale 1e-08 .* too small for .* SUB"),
        ("MUL", (1, 4, 3), 1e-8, r"has an output of scale 1e-08 .* overflow int32"),
        ("MAXIMUM", (1, 4, 3), 0.1, r"has tensor \d \(input\) of another scale or zero point"),
        ("MINIMUM", (1, 4, 3), 0.05, r"has tensor \d \(term\) of another scale or zero point"),
        ("ADD", (1, 3, 4), 1.0, r"has tensor \d \(joined\) of shape \[1, 3, 4\] .* give \[1, 4, 3\]"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    operator: str, shape: tuple[int, ...], scale: float, message: str
) -> None:
    network = Network((1, 4, 3))
    term = network.constant("term", np.zeros(3, np.int8), [0.1])
    join(network, operator, [network.last, term], shape, scale, 0)
    with pytest.raises(UserError, match=rf"operator 0 \({operator}\) {message}"):
        plan_model(parse_model(network.flatbuffer()), ["joined"])
