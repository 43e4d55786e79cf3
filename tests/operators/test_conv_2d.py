"""CONV_2D: the bytes of TensorFlow Lite Micro, over generated shapes, scales and extreme values.

The kernel runs under AddressSanitizer and UBSan.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.aot.variants.variant import Variant
from tests.kernel_runner import KernelRunner
from tests.networks import Network, random_weights
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
    variants_of,
)


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


@settings(max_examples=250)
@given(case=convolutions())
def test_a_convolution_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case)


@settings(max_examples=200)
@given(case=convolutions(), variant=variants_of("CONV_2D"))
def test_every_variant_equals_the_reference(runner: KernelRunner, case: Case, variant: Variant) -> None:
    expect_reference_bytes(runner, *case, variant=variant)


@st.composite
def grouped_convolutions(draw: st.DrawFn) -> Case:
    """Each group of filters reads its own part of the channels; a filter for each channel is the extreme."""
    generator = np.random.default_rng(draw(SEEDS))
    groups, channels, filters = draw(st.integers(2, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size = draw(st.integers(3, 6)), draw(st.integers(3, 6))
    network = Network((1, *size, groups * channels), draw(SCALES), draw(ZERO_POINTS))
    weights = random_weights(generator, (groups * filters, draw(st.integers(1, 3)), 2, channels))
    scales = drawn_scales(draw, generator, groups * filters)
    bias = drawn_bias(draw, generator, groups * filters)
    output = draw(SCALES) * 4, draw(ZERO_POINTS)
    stride = draw(st.sampled_from([(1, 1), (2, 1)]))
    network.conv_2d(weights, scales, bias, *output, padding=draw(PADDINGS), stride=stride)
    return network, generator


@pytest.mark.parametrize("goal", ["portable", "speed"])
@settings(max_examples=60)
@given(case=grouped_convolutions())
def test_groups_equal_the_reference(runner: KernelRunner, goal: str, case: Case) -> None:
    expect_reference_bytes(runner, *case, goal=goal)
