"""Every kernel gives the bytes of TensorFlow Lite Micro, over generated shapes, scales and extreme values.

The kernels run under AddressSanitizer and UBSan.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codegen.aot.plan import plan_model
from contract.flatbuffer import parse_model
from contract.runtimes import AOT, check
from tests.kernel_runner import KernelRunner
from tests.networks import Network, random_weights, reference, some_inputs

ZERO_POINTS = st.sampled_from([-128, -127, -5, 0, 3, 127]) | st.integers(-128, 127)
SCALES = st.floats(0.002, 0.5)
ACTIVATIONS = st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])
PADDINGS = st.sampled_from(["SAME", "VALID"])
SEEDS = st.integers(0, 2**32 - 1)


Case = tuple[Network, np.random.Generator]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelRunner]:
    runner = KernelRunner(tmp_path_factory.mktemp("kernels"))
    yield runner
    runner.close()


def expect_reference_bytes(
    runner: KernelRunner, network: Network, generator: np.random.Generator, spreads: Sequence[int] = ()
) -> None:
    """Plan and run the network, and compare every output byte with TensorFlow Lite Micro.

    For each of `spreads` there is one more input, whose values differ by no more than that.
    """
    flatbuffer = network.flatbuffer()
    model = parse_model(flatbuffer)
    check(model, AOT)
    plan = plan_model(model, [f"layer_{operator.index}" for operator in model.operators])
    inputs = some_inputs(network, generator)
    if spreads:
        size = inputs.shape[1]
        close = [generator.integers(0, spread + 1, size) - 128 for spread in spreads]
        inputs = np.concatenate([inputs, np.array(close, np.int8)])
    np.testing.assert_array_equal(runner.run(plan, inputs), reference(flatbuffer, inputs))


def drawn_weights(
    draw: st.DrawFn, generator: np.random.Generator, shape: tuple[int, ...]
) -> NDArray[np.int8]:
    """Random weights, or all of one extreme."""
    extreme = draw(st.sampled_from([None, None, None, -128, 127]))
    return random_weights(generator, shape) if extreme is None else np.full(shape, extreme, np.int8)


def drawn_scales(draw: st.DrawFn, generator: np.random.Generator, channels: int) -> list[float]:
    """One scale, or one a channel."""
    scale = draw(SCALES)
    if draw(st.booleans()) or channels == 1:
        return [scale]
    return [scale * float(factor) for factor in generator.uniform(0.2, 1, channels)]


def output_scale(draw: st.DrawFn, network: Network, weight_scales: list[float], products: int) -> float:
    """A scale that spreads the outputs over int8, or saturates them, or leaves them all at the zero point.

    The requantisation factor, 64 over the number of products at most, is above 1 for small kernels.
    """
    spread = draw(st.sampled_from([0.25, 1.0, 4.0, 16.0, 64.0]) | st.floats(0.01, 64))
    return max(network.scale * max(weight_scales) * products / spread, 1e-30)


def drawn_bias(draw: st.DrawFn, generator: np.random.Generator, channels: int) -> NDArray[np.int32] | None:
    largest = draw(st.sampled_from([None, 1, 1000, 1 << 20]))
    return None if largest is None else generator.integers(-largest, largest + 1, channels).astype(np.int32)


@st.composite
def convolutions(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    kernel = draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    dilation = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2), (3, 2)]))
    padding = draw(PADDINGS)
    least = [(kernel[axis] - 1) * dilation[axis] + 1 if padding == "VALID" else 1 for axis in range(2)]
    size = [draw(st.integers(least[axis], least[axis] + 9)) for axis in range(2)]
    channels, filters = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    network = Network((1, *size, channels), draw(SCALES), draw(ZERO_POINTS))
    scales = drawn_scales(draw, generator, filters)
    network.conv_2d(
        drawn_weights(draw, generator, (filters, *kernel, channels)),
        scales,
        drawn_bias(draw, generator, filters),
        output_scale(draw, network, scales, kernel[0] * kernel[1] * channels),
        draw(ZERO_POINTS),
        padding=padding,
        stride=draw(st.tuples(st.integers(1, 4), st.integers(1, 4))),
        dilation=dilation,
        activation=draw(ACTIVATIONS),
    )
    return network, generator


@st.composite
def poolings(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    window = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    padding = draw(PADDINGS)
    size = [draw(st.integers(taps if padding == "VALID" else 1, taps + 9)) for taps in window]
    network = Network((1, *size, draw(st.integers(1, 9))), draw(SCALES), draw(ZERO_POINTS))
    network.max_pool_2d(
        window, draw(st.tuples(st.integers(1, 6), st.integers(1, 6))), padding, draw(ACTIVATIONS)
    )
    return network, generator


@st.composite
def dense_layers(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    depth, units = draw(st.integers(1, 80)), draw(st.integers(1, 20))
    middle = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    network = Network((1, *middle, depth), draw(SCALES), draw(ZERO_POINTS))
    scales = drawn_scales(draw, generator, units)
    network.fully_connected(
        drawn_weights(draw, generator, (units, depth)),
        scales,
        drawn_bias(draw, generator, units),
        output_scale(draw, network, scales, depth),
        draw(ZERO_POINTS),
        activation=draw(ACTIVATIONS),
        keep_num_dims=draw(st.booleans()),
    )
    network.reshape((1, math.prod(network.shape)))
    return network, generator


@st.composite
def requantisations(draw: st.DrawFn) -> Case:
    """Dense layers whose weights are 0: their accumulators are the biases.

    Half of the biases are where the output steps from one value to the next, and their neighbours: there
    an error in the last bit of a multiplier shows. The others have any size that a left shift leaves in 32
    bits.
    """
    generator = np.random.default_rng(draw(SEEDS))
    units = 64
    exponent = draw(st.integers(-33, 12))
    network = Network((1, 1), float(generator.uniform(0.01, 1)))
    output_scale = float(generator.uniform(0.01, 1))
    scales = 2.0**exponent * generator.uniform(0.5, 1, units if draw(st.booleans()) else 1)
    factors = network.scale * scales / output_scale
    most = 2 ** (31 - max(0, math.frexp(factors.max())[1])) - 1
    zero_point = draw(ZERO_POINTS)
    steps = generator.integers(-130, 130, units) + 0.5 - zero_point
    bias = np.rint(steps / factors) + generator.integers(-1, 2, units)
    bias[units // 2 :] = 2 ** generator.uniform(0, np.log2(most), units // 2)
    bias[-4:] = [0, -1, most, -most]
    network.fully_connected(
        np.zeros((units, 1), np.int8),
        [float(scale) for scale in scales],
        bias.clip(-most, most).astype(np.int32),
        output_scale,
        zero_point,
    )
    return network, generator


@st.composite
def softmaxes(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    shape = (
        1,
        *draw(st.lists(st.integers(1, 3), max_size=2)),
        draw(st.sampled_from([1, 2, 3, 10, 10, 100, 511])),
    )
    network = Network(shape, draw(st.floats(1e-6, 40) | st.floats(0.01, 0.3)), draw(ZERO_POINTS))
    network.softmax(draw(st.sampled_from([1.0, 0.1, 8.0])))
    return network, generator


@settings(max_examples=250)
@given(case=convolutions())
def test_a_convolution_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@settings(max_examples=120)
@given(case=poolings())
def test_a_max_pooling_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@settings(max_examples=200)
@given(case=dense_layers())
def test_a_dense_layer_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@settings(max_examples=200)
@given(case=requantisations())
def test_requantisation_of_any_accumulator_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@settings(max_examples=120)
@given(case=softmaxes())
def test_a_softmax_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case, spreads=range(1, 256, 5))


def test_a_softmax_over_many_classes_equals_the_reference_while_one_stands_out(runner: KernelRunner) -> None:
    network = Network((1, 4095), 0.5, 0)
    network.softmax()
    inputs = np.full((1, 4095), -128, np.int8)
    inputs[0, 1234] = 100
    flatbuffer = network.flatbuffer()
    plan = plan_model(parse_model(flatbuffer), ["softmax"])
    np.testing.assert_array_equal(runner.run(plan, inputs), reference(flatbuffer, inputs))


def test_a_softmax_over_many_equal_classes_is_zero_where_the_reference_aborts(runner: KernelRunner) -> None:
    network = Network((1, 4095), 0.5, 0)
    network.softmax()
    plan = plan_model(parse_model(network.flatbuffer()), ["softmax"])
    outputs = runner.run(plan, np.full((1, 4095), 7, np.int8))
    assert (outputs == -128).all()
