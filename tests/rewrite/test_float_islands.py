"""Float32 between DEQUANTIZE and QUANTIZE is a table: its 256 outputs are TensorFlow Lite Micro's."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import Plan, plan_model
from contract.errors import UserError
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import Network
from tests.operators.drawing import ZERO_POINTS, expect_reference_bytes

Reals = NDArray[np.floating]

EVERY_VALUE = np.arange(-128, 128).astype(np.int8)[np.newaxis]
SCALES = st.floats(1e-3, 0.3) | st.sampled_from([1 / 256, 1 / 128, 0.1])
ALPHA = 0.1

# What each operator computes, to know which outputs are defined.
OF_ONE: dict[str, Callable[[Reals], Reals]] = {
    "ABS": np.abs,
    "NEG": np.negative,
    "SQUARE": np.square,
    "SQRT": np.sqrt,
    "RSQRT": lambda x: 1 / np.sqrt(x),
    "EXP": np.exp,
    "LOG": np.log,
    "SIN": np.sin,
    "COS": np.cos,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "ROUND": np.rint,
    "ELU": lambda x: np.where(x < 0, np.expm1(x), x),
    "RELU": lambda x: np.maximum(x, 0),
    "RELU6": lambda x: np.clip(x, 0, 6),
    "LEAKY_RELU": lambda x: np.where(x > 0, x, ALPHA * x),
    "LOGISTIC": lambda x: 1 / (1 + np.exp(-x)),
    "TANH": np.tanh,
    "HARD_SWISH": lambda x: x * np.clip(x + 3, 0, 6) / 6,
}
OF_TWO: dict[str, Callable[[Reals, float], Reals]] = {
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "DIV": np.divide,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "SQUARED_DIFFERENCE": lambda x, y: np.square(x - y),
}


def add_real(network: Network, name: str, inputs: list[int]) -> None:
    """A float32 operator."""
    kind, options = "NONE", None
    if name in ("ADD", "SUB", "MUL", "DIV"):
        kind, options = f"{name.capitalize()}Options", getattr(schema, f"{name.capitalize()}OptionsT")()
    if name == "LEAKY_RELU":
        kind, options = "LeakyReluOptions", schema.LeakyReluOptionsT()
        options.alpha = ALPHA
    output = network.real(name.lower(), network.tensors[inputs[0]].shape)
    network.add(getattr(schema.BuiltinOperator, name), 1, inputs, output, kind, options)


@st.composite
def islands(draw: st.DrawFn) -> tuple[Network, Reals]:
    """A network of one island, and the real numbers before they are quantised."""
    scale, zero_point = draw(SCALES), draw(ZERO_POINTS)
    network = Network((1, 256), scale, zero_point)
    network.dequantize()
    real: Reals = (np.arange(-128, 128) - zero_point) * scale
    for name in draw(st.lists(st.sampled_from([*OF_ONE, *OF_TWO]), min_size=1, max_size=4)):
        with np.errstate(all="ignore"):
            if name in OF_ONE:
                add_real(network, name, [network.last])
                real = OF_ONE[name](real)
            else:
                value = draw(st.sampled_from([-1.5, 0.25, 1.0, 3.0]))
                constant = network.constant("constant", np.array([value], np.float32))
                add_real(network, name, [network.last, constant])
                real = OF_TWO[name](real, value)
    return network, real


@settings(max_examples=150)
@given(case=islands(), scale=SCALES, zero_point=ZERO_POINTS)
def test_an_island_equals_the_reference(
    runner: KernelRunner, case: tuple[Network, Reals], scale: float, zero_point: int
) -> None:
    network, real = case
    with np.errstate(all="ignore"):
        assume(bool((np.abs(real / scale) < 2**30).all()))  # beyond, the reference's conversion is undefined
    network.quantize(network.activation("output", (1, 256), scale, zero_point))
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=EVERY_VALUE)
    (call,) = plan_of(network).kernel_calls
    assert call.kernel == "lookup"


@settings(max_examples=60)
@given(case=islands())
def test_an_island_at_the_output_equals_the_reference(
    runner: KernelRunner, case: tuple[Network, Reals]
) -> None:
    """A float32 output of the model: to the last bit where no function of the C library is in it."""
    network, _ = case
    names = {change.operator.name for change in plan_of(network).changes}
    assume(not names & {"EXP", "LOG", "SIN", "COS", "ELU", "LOGISTIC", "TANH"})
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=EVERY_VALUE)


def test_one_tensor_may_be_read_more_than_once(runner: KernelRunner) -> None:
    """x * sigmoid(x) + |x|, with a DEQUANTIZE for each reader."""
    network = Network((1, 256), 0.05, 10)
    source = network.last
    network.dequantize()
    first = network.last
    network.last = source
    network.dequantize()
    second = network.last
    add_real(network, "LOGISTIC", [first])
    add_real(network, "MUL", [second, network.last])
    product = network.last
    add_real(network, "ABS", [first])
    add_real(network, "ADD", [product, network.last])
    network.quantize(network.activation("output", (1, 256), 0.07, -100))
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=EVERY_VALUE)
    assert len(plan_of(network).changes) == 7


def test_an_island_of_two_tensors_is_refused() -> None:
    network = Network((1, 8))
    output = network.activation("relu", (1, 8), 0.05, 0)
    network.add(schema.BuiltinOperator.RELU, 2, [0], output)
    network.dequantize()
    first = network.last
    network.last = 0
    network.dequantize()
    add_real(network, "DIV", [first, network.last])
    network.quantize(network.activation("output", (1, 8), 0.05, 0))
    with pytest.raises(UserError, match=r"operator 3 \(DIV\)"):
        plan_of(network)


@pytest.mark.parametrize("name", ["NEG", "SQUARE", "EXP"])
def test_float32_outside_an_island_is_refused(name: str) -> None:
    network = Network((1, 8))
    network.set_input(network.real("real", (1, 8)))
    add_real(network, name, [network.last])
    network.quantize(network.activation("output", (1, 8), 0.05, 0))
    with pytest.raises(UserError, match=rf"operator 0 \({name}\) runs between a DEQUANTIZE and a QUANTIZE"):
        plan_of(network)


def plan_of(network: Network) -> Plan:
    model = parse_model(network.flatbuffer())
    return plan_model(model, [f"layer_{operator.index}" for operator in model.operators])
