"""The numbers behind int8 kernels. That they equal TensorFlow Lite Micro's shows in test_kernels.py."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.aot.arithmetic.fixed_point import (
    quantize_multiplier,
    softmax_least_difference,
    sum_factors,
)
from codegen.aot.arithmetic.windows import windows


@given(st.floats(2.0**-31, 2.0**29))
def test_a_multiplier_is_the_factor_to_31_bits(factor: float) -> None:
    fixed = quantize_multiplier(factor)
    assert 2**30 <= fixed.multiplier < 2**31
    assert math.isclose(fixed.multiplier * 2.0 ** (fixed.shift - 31), factor, rel_tol=2**-31)


@pytest.mark.parametrize(
    ("factor", "multiplier", "shift"),
    [
        (1.0, 2**30, 1),
        (0.5, 2**30, 0),
        (0.0, 0, 0),
        (2.0**-33, 0, 0),  # shifted out
        (1 - 2.0**-33, 2**30, 1),  # rounds up to the next power of two
        (0.5 + 2.0**-32, 2**30 + 1, 0),  # a tie goes away from zero
    ],
)
def test_a_multiplier_rounds_as_in_tflite(factor: float, multiplier: int, shift: int) -> None:
    fixed = quantize_multiplier(factor)
    assert (fixed.multiplier, fixed.shift) == (multiplier, shift)


def test_factors_multiply_in_float64_for_each_scale_of_the_weights() -> None:
    assert sum_factors(0.1, (0.003,), 0.07) == (0.1 * 0.003 / 0.07,)
    assert sum_factors(0.1, (0.003, 0.004), 0.07) == (0.1 * 0.003 / 0.07, 0.1 * 0.004 / 0.07)


@given(st.integers(0, 31))
def test_no_softmax_difference_overflows_its_shift(shift: int) -> None:
    least = softmax_least_difference(shift)
    assert least <= 0
    assert -least << shift <= 31 << 26 < (-least + 1) << shift


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 5), st.integers(1, 3))
def test_windows_cover_the_input_as_their_padding_says(
    inputs: int, taps: int, stride: int, dilation: int
) -> None:
    reach = (taps - 1) * dilation + 1
    valid, same = (
        windows("VALID", inputs, taps, stride, dilation),
        windows("SAME", inputs, taps, stride, dilation),
    )
    assert valid.padding == 0
    if valid.outputs > 0:  # the last window ends inside, and no further one would
        end = (valid.outputs - 1) * stride + reach
        assert end <= inputs < end + stride
    else:
        assert inputs < reach
    assert (same.outputs - 1) * stride < inputs <= same.outputs * stride
    before = same.padding
    after = max(0, (same.outputs - 1) * stride + reach - inputs) - before
    assert after - before in (0, 1)
