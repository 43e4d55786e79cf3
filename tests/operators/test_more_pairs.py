"""SQUARED_DIFFERENCE, PRELU and DIV: all pairs of bytes as TensorFlow Lite Micro computes them."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import plan_model
from contract.errors import UserError
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import ACTIVATIONS as CODES
from tests.networks import Network
from tests.operators.drawing import ACTIVATIONS, SEEDS, ZERO_POINTS, expect_reference_bytes, random_values

SCALES = st.floats(0.002, 0.5) | st.sampled_from([0.1, 0.2, 0.05, 1 / 128])
Quantised = tuple[float, int]


def network_of(
    operator: str,
    first: Quantised,
    second: Quantised,
    output: Quantised,
    constant: NDArray[np.int8],
    shape: tuple[int, ...],
    result: tuple[int, ...],
    activation: str = "NONE",
) -> Network:
    """The input and a constant."""
    network = Network(shape, *first)
    other = network.constant("other", constant, [second[0]])
    network.tensors[other].quantization.zeroPoint = [second[1]]
    kind, options = "NONE", None
    if operator == "DIV":
        kind, options = "DivOptions", schema.DivOptionsT()
        options.fusedActivationFunction = CODES[activation]
    version = {"SQUARED_DIFFERENCE": 2, "PRELU": 1, "DIV": 2}[operator]
    into = network.activation("joined", result, *output)
    network.add(getattr(schema.BuiltinOperator, operator), version, [0, other], into, kind, options)
    return network


def output_scale(operator: str, first: float, second: float, factor: float) -> float:
    """A scale that spreads the outputs over int8 where `factor` is 1."""
    whole = {"SQUARED_DIFFERENCE": 128 * max(first, second) ** 2, "PRELU": first, "DIV": first / second / 64}
    return whole[operator] * factor


@settings(max_examples=60)
@given(
    scales=st.tuples(SCALES, SCALES) | SCALES.map(lambda scale: (scale, scale)),
    factor=st.floats(0.02, 8) | st.sampled_from([0.25, 1.0, 0.4]),
    zero_points=st.tuples(ZERO_POINTS, ZERO_POINTS, ZERO_POINTS),
    activation=ACTIVATIONS,
)
@pytest.mark.parametrize("operator", ["SQUARED_DIFFERENCE", "PRELU", "DIV"])
def test_all_pairs_equal_the_reference(
    runner: KernelRunner,
    operator: str,
    scales: tuple[float, float],
    factor: float,
    zero_points: tuple[int, int, int],
    activation: str,
) -> None:
    every = np.arange(-128, 128)
    divisors = every[every != zero_points[1]] if operator == "DIV" else every
    scale = output_scale(operator, *scales, factor)
    assume(operator != "DIV" or 64 < scales[0] / scales[1] / scale < 2**23)
    network = network_of(
        operator,
        (scales[0], zero_points[0]),
        (scales[1], zero_points[1]),
        (scale, zero_points[2]),
        divisors.astype(np.int8),
        (1, 256, 1),
        (1, 256, len(divisors)),
        activation,
    )
    inputs = every.astype(np.int8)[np.newaxis]
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=inputs)


@settings(max_examples=30)
@given(shape=st.sampled_from([(2, 3), (1, 3), (2, 1), (3,), (1,), ()]), seed=SEEDS)
@pytest.mark.parametrize("operator", ["SQUARED_DIFFERENCE", "PRELU", "DIV"])
def test_broadcasts_equal_the_reference(
    runner: KernelRunner, operator: str, shape: tuple[int, ...], seed: int
) -> None:
    generator = np.random.default_rng(seed)
    constant = np.maximum(random_values(generator, shape), -100)
    scale = output_scale(operator, 0.05, 0.04, 1.0)
    network = network_of(
        operator, (0.05, 3), (0.04, -120), (scale, -7), constant.astype(np.int8), (1, 4, 2, 3), (1, 4, 2, 3)
    )
    expect_reference_bytes(runner, network, generator)


@pytest.mark.parametrize(
    ("operator", "scale", "message"),
    [
        ("DIV", 1.0, r"has an output of scale 1 for inputs .* cannot shift by"),
        ("DIV", 1e-9, r"has an output of scale 1e-09 for inputs .* cannot shift by"),
        ("PRELU", 1e-8, r"has an output of scale 1e-08 .* overflow int32"),
    ],
)
def test_what_the_reference_cannot_compute_is_refused(operator: str, scale: float, message: str) -> None:
    constant = np.ones(3, np.int8)
    network = network_of(operator, (0.1, 0), (0.1, 0), (scale, 0), constant, (1, 4, 3), (1, 4, 3))
    with pytest.raises(UserError, match=rf"operator 0 \({operator}\) {message}"):
        plan_model(parse_model(network.flatbuffer()), ["joined"])
