"""Requantisation by one 64-bit multiplication: equal to the reference for every sum, or refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import quantize_multiplier
from codegen.aot.arithmetic.one_step import Channel, Requantization
from codegen.aot.arithmetic.wide_step import WideStep, solve_wide

SCALES = st.sampled_from((1, 256, 576))
TIES = (1 / 510, 1 / 256, 1 / 128, 3 / 1024, 1 / 6, 0.0019607844296842813)
POWERS = (0.5, 0.25, 2**-7, 2**-20)  # one unit of the first rounding is half an output, or less than a sum
FACTORS = st.one_of(st.floats(1e-5, 0.2), st.sampled_from(TIES + POWERS))


def outputs(step: WideStep, channel: int, sums: NDArray[np.int64], scale: int) -> NDArray[np.int64]:
    """What the kernels do, on an int64 that holds every product."""
    multiplier, low, high, *lowered = (int(word) for word in step.words[channel])
    products = sums * scale * multiplier + (high << 32 | low & 0xFFFFFFFF)
    upper = products >> 32
    assert upper.min(initial=0) >= -(2**31)
    assert upper.max(initial=0) < 2**31
    if lowered:
        unit, zero = lowered
        upper = np.where(upper < 0, upper - unit, upper) + zero
        assert upper.min(initial=0) >= -(2**31)
        assert upper.max(initial=0) < 2**31
    return np.clip(upper >> step.shift, *(step.limits or (-128, 127)))


def channel_of(factor: float, zero_point: int, limits: tuple[int, int], bias: int, reach: int) -> Channel:
    return Channel(Requantization(quantize_multiplier(factor), zero_point, limits), -reach, reach, bias)


@settings(deadline=None)
@given(
    st.lists(st.tuples(FACTORS, st.integers(-5000, 5000), st.integers(0, 15000)), min_size=1, max_size=4),
    st.integers(-128, 127),
    st.sampled_from([(-128, 127), (-128, 20), (-5, 127), (-90, 100)]),
    SCALES,
)
def test_every_sum_of_the_range_gives_the_reference_output(
    layer: list[tuple[float, int, int]], zero_point: int, limits: tuple[int, int], scale: int
) -> None:
    channels = [channel_of(factor, zero_point, limits, bias, reach) for factor, bias, reach in layer]
    step = solve_wide(channels, [factor for factor, _, _ in layer], scale)
    if step is None:
        return
    for index, channel in enumerate(channels):
        sums = np.arange(channel.least, channel.greatest + 1)
        np.testing.assert_array_equal(
            outputs(step, index, sums, scale), channel.requantization(sums + channel.bias)
        )


@pytest.mark.parametrize("zero_point", [-128, -7, 0, 127])
def test_trained_layers_have_constants_with_and_without_a_relu(zero_point: int) -> None:
    generator = np.random.default_rng(zero_point + 128)
    factors = generator.uniform(2e-4, 4e-3, 64)
    reaches = generator.integers(20_000, 400_000, 64)
    biases = generator.integers(-8000, 8000, 64)
    channels = [
        channel_of(float(factor), zero_point, (-128, 127), int(bias), int(reach))
        for factor, bias, reach in zip(factors, biases, reaches, strict=True)
    ]
    step = solve_wide(channels, list(factors), 256)
    assert step is not None
    # Where all outputs are on one side of zero nobody sees how the others are rounded.
    assert (step.units is None) == (zero_point in (-128, 127))


@pytest.mark.parametrize("factor", [*TIES, *POWERS, 0.003])
@pytest.mark.parametrize("bias", [-40_000, -3, -2, -1, 0, 1, 2, 40_000])
@pytest.mark.parametrize("zero_point", [-128, 0, 5])
def test_sums_on_one_side_of_zero_alone(factor: float, bias: int, zero_point: int) -> None:
    """A filter of zeros has a single sum, its bias."""
    for reach in (0, 1):
        channel = channel_of(factor, zero_point, (-128, 127), bias, reach)
        step = solve_wide([channel], [factor], 256)
        if step is not None:
            sums = np.arange(-reach, reach + 1)
            np.testing.assert_array_equal(outputs(step, 0, sums, 256), channel.requantization(sums + bias))


def test_a_factor_that_gives_nothing_ends() -> None:
    channels = [channel_of(factor, 0, (-128, 127), 3, 20_000) for factor in (1e-12, 0.004, 0.0051)]
    step = solve_wide(channels, [1e-12, 0.004, 0.0051], 256)
    if step is not None:
        sums = np.arange(-20_000, 20_001)
        for index, channel in enumerate(channels):
            np.testing.assert_array_equal(
                outputs(step, index, sums, 256), channel.requantization(sums + channel.bias)
            )


def test_a_factor_beyond_the_multiplier_is_refused() -> None:
    assert solve_wide([channel_of(300.0, 0, (-128, 127), 0, 5)], [300.0], 1) is None
    assert solve_wide([channel_of(0.0, 0, (-128, 127), 0, 5)], [0.0], 1) is None
