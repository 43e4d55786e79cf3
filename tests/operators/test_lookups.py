"""Operators of one input that become a table: all 256 outputs equal TensorFlow Lite Micro's."""

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
from tests.operators.drawing import ZERO_POINTS, expect_reference_bytes

EVERY_VALUE = np.arange(-128, 128).astype(np.int8)[np.newaxis]
SCALES = st.floats(1e-4, 2) | st.sampled_from([1 / 256, 1 / 128, 1 / 16, 0.1, 0.05])


def network_of(
    operator: str, input: tuple[float, int], output: tuple[float, int], alpha: float = 0.1
) -> Network:
    network = Network((1, 256), *input)
    kind, options = "NONE", None
    if operator == "LEAKY_RELU":
        kind, options = "LeakyReluOptions", schema.LeakyReluOptionsT()
        options.alpha = alpha
    version = 1 if operator == "HARD_SWISH" else 2
    code = getattr(schema.BuiltinOperator, operator)
    network.add(code, version, [network.last], network.activation("output", (1, 256), *output), kind, options)
    return network


@settings(max_examples=60)
@given(scale=SCALES, zero_point=ZERO_POINTS)
@pytest.mark.parametrize(("operator", "output"), [("LOGISTIC", (1 / 256, -128)), ("TANH", (1 / 128, 0))])
def test_a_function_of_fixed_output_equals_the_reference(
    runner: KernelRunner, operator: str, output: tuple[float, int], scale: float, zero_point: int
) -> None:
    network = network_of(operator, (scale, zero_point), output)
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=EVERY_VALUE)


@settings(max_examples=80)
@given(
    scale=SCALES,
    ratio=st.floats(0.1, 20) | st.sampled_from([0.4, 0.8, 1 / 0.7, 2.5]),
    zero_points=st.tuples(ZERO_POINTS, ZERO_POINTS),
    alpha=st.floats(-2, 2) | st.sampled_from([0.0, 0.01, 0.2, 0.3]),
)
@pytest.mark.parametrize("operator", ["RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "ELU", "ABS"])
def test_a_function_of_any_output_equals_the_reference(
    runner: KernelRunner,
    operator: str,
    scale: float,
    ratio: float,
    zero_points: tuple[int, int],
    alpha: float,
) -> None:
    network = network_of(operator, (scale, zero_points[0]), (scale * ratio, zero_points[1]), alpha)
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=EVERY_VALUE)


@pytest.mark.parametrize("ratio", [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 1 / 0.3, 1 / 0.7, 1 / 0.9])
@pytest.mark.parametrize("scale", [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("operator", ["RELU", "LEAKY_RELU", "HARD_SWISH", "ABS", "QUANTIZE"])
def test_ties_that_float32_and_float64_round_differently_equal_the_reference(
    runner: KernelRunner, operator: str, scale: float, ratio: float
) -> None:
    network = network_of(operator, (scale, -5), (scale * ratio, 3))
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=EVERY_VALUE)


@settings(max_examples=100)
@given(
    scale=SCALES | st.sampled_from([0.3, 0.5, 0.7, 1.0]),
    output=SCALES | st.sampled_from([0.4, 0.3, 1 / 0.7]),
    zero_points=st.tuples(ZERO_POINTS, ZERO_POINTS),
)
def test_an_inverse_square_root_equals_the_reference(
    runner: KernelRunner, scale: float, output: float, zero_points: tuple[int, int]
) -> None:
    """Below zero the reference stops with an error."""
    network = network_of("RSQRT", (scale, zero_points[0]), (output, zero_points[1]))
    inputs = np.maximum(EVERY_VALUE, zero_points[0]).astype(np.int8)
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=inputs)


@pytest.mark.parametrize(
    ("operator", "input", "output", "message"),
    [
        ("LOGISTIC", (0.1, 0), (1 / 256, 0), r"of zero point 0 instead of -128"),
        ("LOGISTIC", (1e-10, 0), (1 / 256, -128), r"has an input scale of 1e-10, out of range"),
        ("TANH", (1e-10, 0), (1 / 128, 0), r"has an input scale of 1e-10, out of range"),
        ("HARD_SWISH", (1.0, 0), (0.001, 0), r"has an output of scale 0.001, too small"),
        ("RELU", (1e5, 0), (1e-9, 0), r"has scales that multiply its sums by"),
    ],
)
def test_what_the_reference_cannot_compute_is_refused(
    operator: str, input: tuple[float, int], output: tuple[float, int], message: str
) -> None:
    with pytest.raises(UserError, match=rf"operator 0 \({operator}\) .*{message}"):
        plan_model(parse_model(network_of(operator, input, output).flatbuffer()), ["layer"])
