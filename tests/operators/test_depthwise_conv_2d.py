"""DEPTHWISE_CONV_2D: the bytes of TensorFlow Lite Micro, over generated shapes, scales and extreme values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.aot.plan import plan_model
from codegen.aot.variants.variant import Variant
from contract.errors import UserError
from contract.flatbuffer import parse_model
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
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    dilation = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2), (3, 2)]))
    padding = draw(PADDINGS)
    least = [(kernel[axis] - 1) * dilation[axis] + 1 if padding == "VALID" else 1 for axis in range(2)]
    size = [draw(st.integers(least[axis], least[axis] + 7)) for axis in range(2)]
    channels, multiplier = draw(st.integers(1, 13)), draw(st.sampled_from([1, 1, 1, 2, 3, 8]))
    outputs = channels * multiplier
    network = Network((1, *size, channels), draw(SCALES), draw(ZERO_POINTS))
    scales = drawn_scales(draw, generator, outputs)
    network.depthwise_conv_2d(
        drawn_weights(draw, generator, (1, *kernel, outputs)),
        scales,
        drawn_bias(draw, generator, outputs),
        output_scale(draw, network, scales, kernel[0] * kernel[1]),
        draw(ZERO_POINTS),
        padding=padding,
        stride=draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        dilation=dilation,
        activation=draw(ACTIVATIONS),
    )
    return network, generator


@settings(max_examples=250)
@given(case=convolutions(), goal=st.sampled_from(["portable", "speed", "size"]))
def test_a_depthwise_convolution_equals_the_reference(runner: KernelRunner, case: Case, goal: str) -> None:
    expect_reference_bytes(runner, *case, goal=goal)


@st.composite
def small_filters(draw: st.DrawFn) -> Case:
    """3 x 3 with the strides 1 and 2, over four channels and more."""
    generator = np.random.default_rng(draw(SEEDS))
    padding = draw(PADDINGS)
    size = [draw(st.integers(3 if padding == "VALID" else 1, 14)) for _ in range(2)]
    channels = draw(st.integers(4, 9))
    network = Network((1, *size, channels), draw(SCALES), draw(ZERO_POINTS))
    scales = drawn_scales(draw, generator, channels)
    network.depthwise_conv_2d(
        drawn_weights(draw, generator, (1, 3, 3, channels)),
        scales,
        drawn_bias(draw, generator, channels),
        output_scale(draw, network, scales, 9),
        draw(ZERO_POINTS),
        padding=padding,
        stride=(draw(st.sampled_from([1, 2])),) * 2,
        activation=draw(ACTIVATIONS),
    )
    return network, generator


@settings(max_examples=200)
@given(case=small_filters(), variant=variants_of("DEPTHWISE_CONV_2D"))
def test_every_variant_equals_the_reference(runner: KernelRunner, case: Case, variant: Variant) -> None:
    expect_reference_bytes(runner, *case, variant=variant)


def test_weights_for_other_channels_are_refused() -> None:
    generator = np.random.default_rng(0)
    network = Network((1, 5, 5, 4))
    network.depthwise_conv_2d(random_weights(generator, (1, 3, 3, 4)), [0.1], None, 0.1, 0)
    network.tensors[0].shape = [1, 5, 5, 3]
    with pytest.raises(
        UserError, match=r"operator 0 \(DEPTHWISE_CONV_2D\) has weights of shape \[1, 3, 3, 4\]"
    ):
        plan_model(parse_model(network.flatbuffer()), ["conv"])
