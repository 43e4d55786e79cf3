"""Fixed-point functions of gemmlowp (fixedpoint/fixedpoint.h), on which TFLite's int8 activations are built.

A number in Qm.n is an integer with m integer and n = 31 - m fraction bits. Every function gives the bits of
gemmlowp's, for one value.
"""

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
ONE = INT32_MAX  # as close to 1 as Q0.31 gets

# e^(-1/8) and 1/3 in Q0.31, and e^-(2^(i - 2)) for each bit of -x from 1/4 to 16.
_EXP_MINUS_EIGHTH, _THIRD = 1895147668, 715827883
_FACTORS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
# 48/17, -32/17 and 1 in Q2.29
_NEWTON_INTERCEPT, _NEWTON_SLOPE, _ONE_Q2 = 1515870810, -1010580540, 1 << 29

_THREE_HALVES_Q3, _HALF_ROOT_OF_TWO = (1 << 28) + (1 << 27), 1518500250  # Q3.28, Q0.31


def high_multiply(a: int, b: int) -> int:
    """a * b / 2^31, rounded to nearest, ties up."""
    return (a * b + (1 << 30)) >> 31


def divide_by_power_of_two(x: int, exponent: int) -> int:
    """x / 2^exponent, rounded to nearest, ties away from zero."""
    remainder = x % (1 << exponent)
    return (x >> exponent) + (remainder > ((1 << exponent) - 1 >> 1) + (x < 0))


def saturate(x: int) -> int:
    return max(INT32_MIN, min(INT32_MAX, x))


def exp_on_negative(x: int, integer_bits: int) -> int:
    """e^x for x <= 0, Q`integer_bits` to Q0.31; integer_bits is 4 or 5."""
    if x == 0:
        return ONE
    quarter = 1 << (31 - integer_bits - 2)
    near_zero = x % quarter - quarter
    result = _exp_near_zero(saturate(near_zero << integer_bits))
    for bit, factor in enumerate(_FACTORS[: integer_bits + 2]):
        if (near_zero - x) & (quarter << bit):
            result = high_multiply(result, factor)
    return result


def _exp_near_zero(x: int) -> int:
    """e^x for -1/4 <= x < 0, Q0.31: the Taylor series around -1/8 to its fourth power."""
    x1 = x + (1 << 28)
    x2 = high_multiply(x1, x1)
    x3 = high_multiply(x2, x1)
    x4 = high_multiply(x2, x2)
    higher_terms = divide_by_power_of_two(high_multiply(divide_by_power_of_two(x4, 2) + x3, _THIRD) + x2, 1)
    return _EXP_MINUS_EIGHTH + high_multiply(_EXP_MINUS_EIGHTH, x1 + higher_terms)


def _twice_reciprocal(x: int) -> int:
    """2 / (1 + x) for 0 <= x <= 1, Q0.31 to Q2.29: three steps of Newton's method on the half denominator."""
    half_denominator = (x + ONE + 1) // 2
    estimate = _NEWTON_INTERCEPT + high_multiply(half_denominator, _NEWTON_SLOPE)
    for _ in range(3):
        error = _ONE_Q2 - high_multiply(half_denominator, estimate)
        estimate += saturate(high_multiply(estimate, error) << 2)
    return estimate


def reciprocal(value: int) -> int:
    """GetReciprocal in tensorflow/lite/kernels/internal/common.h: 2^bits / value in Q0.31 for an integer of
    1 or more, where bits are those below its highest."""
    fraction = (value << (32 - value.bit_length())) - (1 << 31)
    return saturate(_twice_reciprocal(fraction) << 1)


def logistic(x: int, integer_bits: int) -> int:
    """1 / (1 + e^-x), Q`integer_bits` to Q0.31."""
    if x == 0:
        return 1 << 30
    positive = saturate(_twice_reciprocal(exp_on_negative(-abs(x), integer_bits)) << 1)
    return positive if x > 0 else ONE - positive


def tanh(x: int, integer_bits: int) -> int:
    """The hyperbolic tangent, Q`integer_bits` to Q0.31: the exponential is of twice the value, which has the
    same bits with one more integer bit."""
    if x == 0:
        return 0
    positive = saturate((_twice_reciprocal(exp_on_negative(-abs(x), integer_bits + 1)) - _ONE_Q2) << 2)
    return positive if x > 0 else -positive


def inverse_square_root(value: int) -> tuple[int, int]:
    """GetInvSqrtQuantizedMultiplierExp in tensorflow/lite/kernels/internal/common.h: 1 / sqrt(value) for an
    integer value of 1 or more, as a factor in Q0.31 and a right shift."""
    if value <= 1:
        return ONE, 0
    right_shift = 11
    while value >= 1 << 29:
        value //= 4
        right_shift += 1
    pairs = (32 - value.bit_length() - 1) // 2 - 1
    right_shift -= pairs
    half = divide_by_power_of_two((value << 2 * pairs) >> 1, 1)  # of the value, Q3.28
    x = 1 << 28
    for _ in range(5):
        cube = saturate(high_multiply(high_multiply(x, x), x) << 6)
        x = saturate((high_multiply(_THREE_HALVES_Q3, x) - high_multiply(half, cube)) << 3)
    factor = high_multiply(x, _HALF_ROOT_OF_TWO)
    if right_shift < 0:
        return factor << -right_shift, 0
    return factor, right_shift
