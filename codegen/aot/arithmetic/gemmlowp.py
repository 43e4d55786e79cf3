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
