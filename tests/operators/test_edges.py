"""QUANTIZE and DEQUANTIZE: float32 and uint8 at the edges of an int8 model, and int8 of other scales."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import plan_model
from contract.errors import UserError
from contract.flatbuffer import parse_model
from contract.runtimes import AOT, RUNTIMES, Runtime, check
from tests.kernel_runner import KernelRunner
from tests.networks import Network, convolution_of
from tests.operators.drawing import SCALES, ZERO_POINTS, expect_reference_bytes

EVERY_BYTE = np.arange(-128, 128).astype(np.int8)[np.newaxis]
UNSIGNED_ZERO_POINTS = st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255)
ALL_SCALES = SCALES | st.floats(1e-6, 1e3) | st.sampled_from([1 / 255, 1 / 256, 1.0])


def from_real(scale: float, zero_point: int, size: int) -> Network:
    network = Network((1, size), 1.0)
    network.set_input(network.real("image", (1, size)))
    network.quantize(network.activation("quantised", (1, size), scale, zero_point))
    return network


def as_bytes(values: NDArray[np.float32]) -> NDArray[np.int8]:
    return values.astype(np.float32).view(np.int8)[np.newaxis]


def around_every_tie(scale: float) -> NDArray[np.float32]:
    """The float32 numbers at and next to each half step, from -300 to 300 steps, and whole steps."""
    ties = (np.arange(-600, 601) / 2 * np.float64(np.float32(scale))).astype(np.float32)
    below, above = np.nextafter(ties, np.float32(-np.inf)), np.nextafter(ties, np.float32(np.inf))
    return np.concatenate([ties, below, above])


@settings(max_examples=100)
@given(scale=ALL_SCALES, zero_point=ZERO_POINTS)
def test_real_numbers_at_and_next_to_every_tie_equal_the_reference(
    runner: KernelRunner, scale: float, zero_point: int
) -> None:
    values = around_every_tie(scale)
    network = from_real(scale, zero_point, len(values))
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=as_bytes(values))


@settings(max_examples=100)
@given(
    scale=ALL_SCALES,
    zero_point=ZERO_POINTS,
    values=st.lists(st.floats(-(2.0**20), 2.0**20, width=32), min_size=1, max_size=40),
)
def test_any_real_numbers_equal_the_reference(
    runner: KernelRunner, scale: float, zero_point: int, values: list[float]
) -> None:
    # Beyond int32 the reference's conversion is undefined.
    few = [value for value in values if abs(value / scale) < 2**30] or [0.0]
    network = from_real(scale, zero_point, len(few))
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=as_bytes(np.array(few)))


def test_what_the_reference_leaves_undefined_is_clamped(runner: KernelRunner) -> None:
    values = np.array([np.inf, -np.inf, np.nan, 3e38, -3e38], np.float32)
    network = from_real(0.1, 3, len(values))
    plan = plan_model(parse_model(network.flatbuffer()), ["layer"])
    assert runner.run(plan, as_bytes(values)).tolist() == [[127, -128, -128, 127, -128]]


@settings(max_examples=100)
@given(scale=ALL_SCALES, zero_point=ZERO_POINTS)
def test_all_int8_values_as_real_numbers_equal_the_reference(
    runner: KernelRunner, scale: float, zero_point: int
) -> None:
    network = Network((1, 256), scale, zero_point)
    network.dequantize()
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=EVERY_BYTE)


@settings(max_examples=60)
@given(scale=ALL_SCALES, zero_point=UNSIGNED_ZERO_POINTS)
def test_all_uint8_values_as_real_numbers_equal_the_reference(
    runner: KernelRunner, scale: float, zero_point: int
) -> None:
    network = Network((1, 256))
    network.set_input(network.unsigned("image", (1, 256), scale, zero_point))
    network.dequantize()
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=EVERY_BYTE)


@settings(max_examples=100)
@given(
    scale=SCALES,
    ratio=st.floats(0.01, 100) | st.sampled_from([0.5, 1.0, 2.0]),
    zero_points=st.tuples(ZERO_POINTS, ZERO_POINTS),
    from_unsigned=st.booleans(),
    to_unsigned=st.booleans(),
)
def test_all_values_between_integers_equal_the_reference(
    runner: KernelRunner,
    scale: float,
    ratio: float,
    zero_points: tuple[int, int],
    from_unsigned: bool,
    to_unsigned: bool,
) -> None:
    to_unsigned = to_unsigned and not from_unsigned
    network = Network((1, 256), scale, zero_points[0])
    if from_unsigned:
        network.set_input(network.unsigned("image", (1, 256), scale, zero_points[0] + 128))
    make = network.unsigned if to_unsigned else network.activation
    network.quantize(make("output", (1, 256), scale * ratio, zero_points[1] + 128 * to_unsigned))
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=EVERY_BYTE)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_an_int8_body_between_real_numbers_equals_the_reference(runner: KernelRunner, seed: int) -> None:
    generator = np.random.default_rng(seed)
    images = generator.uniform(-0.1, 1.1, (4, 50)).astype(np.float32)
    expect_reference_bytes(
        runner, convolution_of("FLOAT32", generator), generator, inputs=images.view(np.int8)
    )


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
def test_the_edges_run_everywhere(runtime: Runtime) -> None:
    for edge in ("FLOAT32", "UINT8"):
        check(parse_model(convolution_of(edge, np.random.default_rng(0)).flatbuffer()), runtime)


def test_uint8_to_uint8_is_refused_as_the_reference_does() -> None:
    network = Network((1, 4))
    network.set_input(network.unsigned("image", (1, 4), 0.1, 3))
    network.quantize(network.unsigned("output", (1, 4), 0.1, 4))
    with pytest.raises(UserError, match="is from UINT8 to UINT8"):
        plan_model(parse_model(network.flatbuffer()), ["layer"])


def test_an_input_of_another_type_is_refused() -> None:
    network = Network((1, 4))
    network.tensors[0].type = schema.TensorType.INT16
    network.quantize(network.activation("output", (1, 4), 0.1, 4))
    with pytest.raises(UserError, match=r"tensor 0 \(input\), is INT16; it may be"):
        check(parse_model(network.flatbuffer()), AOT)
