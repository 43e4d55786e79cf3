"""FULLY_CONNECTED: the bytes of TensorFlow Lite Micro, over generated shapes, scales and extreme values.

The kernel runs under AddressSanitizer and UBSan.
"""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.aot.variants.variant import Variant
from tests.kernel_runner import KernelRunner
from tests.networks import Network
from tests.operators.drawing import (
    ACTIVATIONS,
    SCALES,
    SEEDS,
    ZERO_POINTS,
    Case,
    drawn_bias,
    drawn_scales,
    drawn_weights,
    expect_reference_bytes,
    output_scale,
    variants_of,
)


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


@settings(max_examples=200)
@given(case=dense_layers())
def test_a_dense_layer_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@settings(max_examples=200)
@given(case=requantisations())
def test_requantisation_of_any_accumulator_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@settings(max_examples=150)
@given(case=dense_layers(), variant=variants_of("FULLY_CONNECTED"))
def test_every_variant_of_a_dense_layer_equals_the_reference(
    runner: KernelRunner, case: Case, variant: Variant
) -> None:
    expect_reference_bytes(runner, *case, variant=variant)
