"""Requantisation in one step, and the ranges it is proven over."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import Multiplier, quantize_multiplier
from codegen.aot.arithmetic.one_step import Channel, Requantization, common_shift, solve, thresholds
from codegen.aot.arithmetic.ranges import bias_without_zero_point, product_sums

WEIGHTS = arrays.arrays(np.int8, arrays.array_shapes(min_dims=2, max_dims=3, max_side=6))
# Some factors put sums exactly between two outputs.
TIES = (1 / 510, 1 / 256, 1 / 128, 3 / 1024, 1 / 6, 0.0019607844296842813)
FACTORS = st.one_of(st.floats(1e-4, 0.2), st.sampled_from(TIES))


def divide(numerator: int, denominator: int) -> int:
    """C's division: towards zero."""
    return abs(numerator) // denominator * (1 if numerator >= 0 else -1)


def double_rounded(value: int, multiplier: Multiplier) -> int:
    """MultiplyByQuantizedMultiplier, as gemmlowp's fixedpoint.h writes it down."""
    left, right = max(0, multiplier.shift), max(0, -multiplier.shift)
    product = value * (1 << left) * multiplier.multiplier
    high = divide(product + ((1 << 30) if product >= 0 else 1 - (1 << 30)), 1 << 31)
    remainder = high & ((1 << right) - 1)
    threshold = ((1 << right) - 1) // 2 + (1 if high < 0 else 0)
    return (high >> right) + (1 if remainder > threshold else 0)


def one_step(
    sums: NDArray[np.int64], multiplier: int, offset: int, align: int, shift: int
) -> NDArray[np.int64]:
    """What the kernels do, with the limits of int8."""
    return np.clip(((sums << align) * multiplier >> 32) + offset >> shift, -128, 127)


@given(st.lists(st.integers(-(2**21), 2**21), min_size=1), FACTORS)
def test_the_reference_is_the_double_rounding_of_gemmlowp(sums: list[int], factor: float) -> None:
    multiplier = quantize_multiplier(factor)
    expected = [max(-128, min(127, double_rounded(value, multiplier) - 5)) for value in sums]
    assert Requantization(multiplier, -5, (-128, 127))(np.array(sums, np.int64)).tolist() == expected


@given(FACTORS, st.integers(-5000, 5000), st.integers(0, 15000), st.integers(0, 15000))
def test_one_step_equals_the_reference_for_every_sum_of_the_range(
    factor: float, bias: int, below: int, above: int
) -> None:
    requantization = Requantization(quantize_multiplier(factor), -128, (-128, 127))
    channel = Channel(requantization, -below, above, bias)
    align = 31 - max(below, above, 1).bit_length()
    shift = common_shift([channel], [factor], align)
    found = solve(channel, factor, align, shift, clamped=False)
    assert found is not None  # behind a ReLU there is always one
    multiplier, offset = found
    assert -(2**31) <= multiplier < 2**31
    assert -(2**31) <= offset < 2**31
    sums = np.arange(-below, above + 1)
    products = ((sums << align) * multiplier >> 32) + offset
    assert products.min() >= -(2**31)
    assert products.max() < 2**31
    np.testing.assert_array_equal(
        one_step(sums, multiplier, offset, align, shift), requantization(sums + bias)
    )


@settings(max_examples=30)
@given(FACTORS, st.integers(-128, 127), st.integers(-3000, 3000), st.integers(1, 9000))
def test_one_step_without_a_relu_is_right_or_refused(
    factor: float, zero_point: int, bias: int, reach: int
) -> None:
    requantization = Requantization(quantize_multiplier(factor), zero_point, (-128, 127))
    channel = Channel(requantization, -reach, reach, bias)
    align = 31 - reach.bit_length()
    shift = common_shift([channel], [factor], align)
    found = solve(channel, factor, align, shift, clamped=False)
    if found is not None:
        sums = np.arange(-reach, reach + 1)
        np.testing.assert_array_equal(one_step(sums, *found, align, shift), requantization(sums + bias))


def test_where_negative_sums_round_the_other_way_there_is_no_single_step() -> None:
    factor = 0.005385144417718514  # the last layer of an MNIST network
    channel = Channel(Requantization(quantize_multiplier(factor), 53, (-128, 127)), -60000, 60000, 1000)
    assert solve(channel, factor, 15, 21, clamped=True) is None


@given(FACTORS, st.integers(-2000, 2000), st.integers(1, 9000))
def test_a_threshold_is_the_least_sum_with_its_output(factor: float, bias: int, reach: int) -> None:
    requantization = Requantization(quantize_multiplier(factor), 3, (-100, 100))
    outputs, sums = thresholds(Channel(requantization, -reach, reach, bias))
    assert (requantization(sums + bias) >= outputs).all()
    assert (requantization(sums - 1 + bias) < outputs).all()


@given(WEIGHTS, st.integers(0, 2**32 - 1))
def test_no_input_leaves_the_range_and_two_inputs_reach_its_ends(
    weights: NDArray[np.int8], seed: int
) -> None:
    sums = product_sums(weights)
    flat = weights.reshape(len(weights), -1).astype(np.int64)
    inputs = np.random.default_rng(seed).integers(-128, 128, (flat.shape[1], 50))
    products = flat @ inputs
    assert (products >= sums.least[:, None]).all()
    assert (products <= sums.greatest[:, None]).all()
    for row, least, greatest in zip(flat, sums.least, sums.greatest, strict=True):
        assert row @ np.where(row > 0, -128, 127) == least
        assert row @ np.where(row > 0, 127, -128) == greatest


@given(WEIGHTS, st.integers(-128, 127), st.integers(0, 2**32 - 1))
def test_the_zero_point_moves_into_the_bias(weights: NDArray[np.int8], zero_point: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    flat = weights.reshape(len(weights), -1).astype(np.int64)
    bias = generator.integers(-(2**20), 2**20, len(weights)).astype(np.int32)
    inputs = generator.integers(-128, 128, flat.shape[1])
    moved = bias_without_zero_point(weights, bias, zero_point)
    np.testing.assert_array_equal(flat @ inputs + moved, flat @ (inputs - zero_point) + bias)
