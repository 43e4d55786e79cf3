"""TRANSPOSE_CONV, BATCH_MATMUL, LOG_SOFTMAX and L2_NORMALIZATION: the bytes of TensorFlow Lite Micro."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import plan_model
from contract.errors import UserError
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import ACTIVATIONS as ACTIVATION_CODES
from tests.networks import PADDINGS as PADDING_CODES
from tests.networks import Network
from tests.operators.drawing import (
    ACTIVATIONS,
    PADDINGS,
    SCALES,
    SEEDS,
    ZERO_POINTS,
    Case,
    drawn_bias,
    drawn_scales,
    drawn_weights,
    expect_reference_bytes,
    output_scale,
    random_values,
)

CODES = schema.BuiltinOperator


@st.composite
def turned_convolutions(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    channels, filters = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    taps = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    padding = draw(PADDINGS)
    size = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    network = Network((1, *size, channels), draw(SCALES), draw(ZERO_POINTS))
    # Keras: `size` pixels apart by the stride, and with valid padding the rest of the last filter.
    outputs = [
        one * step if padding == "SAME" else (one - 1) * step + max(tap, step)
        for one, step, tap in zip(size, stride, taps, strict=True)
    ]
    shape = (1, *outputs, filters)
    scales = drawn_scales(draw, generator, filters)
    weights = network.constant("weights", drawn_weights(draw, generator, (filters, *taps, channels)), scales)
    inputs = [network.constant("shape", np.array(shape, np.int32)), weights, network.last]
    bias = drawn_bias(draw, generator, filters)
    if bias is not None:
        bias_scales = [network.scale * float(np.float32(scale)) for scale in scales]
        inputs.append(network.constant("bias", bias, bias_scales))
    options = schema.TransposeConvOptionsT()
    options.padding = PADDING_CODES[padding]
    options.strideH, options.strideW = stride
    options.fusedActivationFunction = ACTIVATION_CODES[draw(ACTIVATIONS)]
    scale = output_scale(draw, network, scales, taps[0] * taps[1] * channels)
    output = network.activation("turned", shape, scale, draw(ZERO_POINTS))
    network.add(CODES.TRANSPOSE_CONV, 3, inputs, output, "TransposeConvOptions", options)
    return network, generator


@settings(max_examples=100)
@given(case=turned_convolutions())
def test_a_turned_convolution_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@st.composite
def matrices(draw: st.DrawFn) -> Case:
    """The input by a constant or by itself, either turned; batches that are repeated."""
    generator = np.random.default_rng(draw(SEEDS))
    rows, depth, columns = (draw(st.integers(1, 5)) for _ in range(3))
    turned = draw(st.booleans()), draw(st.booleans())
    batch = draw(st.sampled_from([(), (2,), (2, 3), (1, 3)]))
    other = draw(st.sampled_from([batch, batch[1:], tuple(1 for _ in batch)]))
    first = (depth, rows) if turned[0] else (rows, depth)
    second = (columns, depth) if turned[1] else (depth, columns)
    network = Network((1, *batch, *first), draw(SCALES), draw(ZERO_POINTS))
    scale = draw(SCALES)
    constant = network.constant("second", random_values(generator, (*other, *second)), [scale])
    network.tensors[constant].quantization.zeroPoint = [draw(ZERO_POINTS)]
    options = schema.BatchMatMulOptionsT()
    options.adjX, options.adjY = turned
    spread = draw(st.sampled_from([0.5, 1.0, 4.0]) | st.floats(0.1, 16))
    output = network.activation(
        "product", (1, *batch, rows, columns), network.scale * scale * depth * 128 / spread, draw(ZERO_POINTS)
    )
    network.add(CODES.BATCH_MATMUL, 1, [0, constant], output, "BatchMatMulOptions", options)
    return network, generator


@settings(max_examples=100)
@given(case=matrices())
def test_a_product_of_matrices_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@settings(max_examples=100)
@given(
    scale=st.floats(1e-4, 4) | st.sampled_from([1 / 16, 0.1, 0.2]),
    zero_point=ZERO_POINTS,
    depth=st.integers(1, 40) | st.sampled_from([200, 1000]),
    rows=st.integers(1, 3),
    seed=SEEDS,
)
def test_a_logarithm_of_a_softmax_equals_the_reference(
    runner: KernelRunner, scale: float, zero_point: int, depth: int, rows: int, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    network = Network((1, rows, depth), scale, zero_point)
    output = network.activation("log", (1, rows, depth), 16 / 256, 127)
    options = schema.LogSoftmaxOptionsT()
    network.add(CODES.LOG_SOFTMAX, 2, [0], output, "LogSoftmaxOptions", options)
    expect_reference_bytes(runner, network, generator, spreads=[0, 3, 20])


def refused(change: str) -> Network:
    network = Network((1, 4, 4), 0.05, 3)
    if change == "log":
        output = network.activation("log", (1, 4, 4), 0.1, 127)
        network.add(CODES.LOG_SOFTMAX, 2, [0], output, "LogSoftmaxOptions", schema.LogSoftmaxOptionsT())
    else:
        other = network.constant("second", np.ones((3, 4), np.int8), [0.1])
        output = network.activation("product", (1, 4, 4), 0.1, 0)
        options = schema.BatchMatMulOptionsT()
        network.add(CODES.BATCH_MATMUL, 1, [0, other], output, "BatchMatMulOptions", options)
    return network


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("log", r"operator 0 \(LOG_SOFTMAX\) has tensor 1 \(log\) of scale 0.1 .* instead of 1/16"),
        ("depth", r"operator 0 \(BATCH_MATMUL\) multiplies \[1, 4, 4\] by \[3, 4\]"),
    ],
)
def test_what_does_not_fit_together_is_refused(change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan_model(parse_model(refused(change).flatbuffer()), ["layer"])


# ---- L2_NORMALIZATION ----


def normalisation(shape: tuple[int, ...], zero_point: int, scale: float = 1 / 128) -> Network:
    network = Network(shape, 0.05, zero_point)
    output = network.activation("normalised", shape, scale, 0)
    options = schema.L2NormOptionsT()
    network.add(CODES.L2_NORMALIZATION, 2, [0], output, "L2NormOptions", options)
    return network


@settings(max_examples=60)
@given(
    shape=st.tuples(st.just(1), st.integers(1, 4), st.integers(1, 70)),
    zero_point=ZERO_POINTS,
    spread=st.sampled_from([0, 1, 3, 20, 255]),
    seed=SEEDS,
)
def test_a_normalisation_equals_the_reference(
    runner: KernelRunner, shape: tuple[int, ...], zero_point: int, spread: int, seed: int
) -> None:
    """Rows of zeros, of ones and of all magnitudes."""
    generator = np.random.default_rng(seed)
    inputs = zero_point + generator.integers(-spread, spread + 1, (6, int(np.prod(shape))))
    network = normalisation(shape, zero_point)
    expect_reference_bytes(runner, network, generator, inputs=np.clip(inputs, -128, 127).astype(np.int8))


def test_the_longest_rows_equal_the_reference(runner: KernelRunner) -> None:
    network = normalisation((1, 2**31 // 255**2), -128)
    expect_reference_bytes(runner, network, np.random.default_rng(0))


def test_a_normalisation_of_another_scale_or_of_too_many_values_is_refused() -> None:
    for network, message in (
        (normalisation((1, 4), 0, 0.01), "scale 0.01 and zero point 0 instead of 1/128 and 0"),
        (normalisation((1, 33_026), 0), "normalises 33,026 values"),
        (normalisation((1, 1, 1, 1, 4), 0), "5 dimensions"),
    ):
        with pytest.raises(UserError, match=message):
            plan_model(parse_model(network.flatbuffer()), ["layer"])
