"""The softmax with its exponentials from a table: firmware/engines/aot/variants/softmax_table.h."""

import numpy as np
from numpy.typing import NDArray

from codegen.aot.call import Constant, KernelCall
from codegen.aot.operators.softmax import read
from codegen.aot.variants.variant import Variant
from contract.graph import Model, Operator

DIFFERENCES = 256  # of two int8

# gemmlowp's fixedpoint/fixedpoint.h, as in firmware/engines/aot/kernels/softmax.h: e^(-1/8) and 1/3 in Q0.31,
# and e^-(2^(i - 2)) for each bit of -x from 1/4 to 16.
EXP_MINUS_EIGHTH, THIRD = 1895147668, 715827883
FACTORS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
QUARTER = 1 << 24  # in Q5.26
ONE = 2**31 - 1  # as close as Q0.31 gets


def match(model: Model, operator: Operator) -> KernelCall | str:
    """The call: every softmax can have it."""
    softmax = read(model, operator)
    table = exponentials(softmax.multiplier, softmax.shift, softmax.least_difference)
    return KernelCall(
        operators=(operator,),
        kernel="softmax_table",
        header="variants/softmax_table.h",
        inputs=(softmax.input.index,),
        outputs=(softmax.output.index,),
        parameters={
            "rows": softmax.rows,
            "depth": softmax.depth,
            "exponentials": Constant("exponentials", table),
        },
        description=(*softmax.description, "  exponentials of 0, -1, -2, ... input steps in Q0.31"),
        reason="a table of 256 exponentials",
    )


VARIANT = Variant(
    name="table",
    operator="SOFTMAX",
    goals=("speed",),
    about="the exponentials of the 256 differences from a table of 1,024 bytes",
    match=match,
)


def exponentials(multiplier: int, shift: int, least_difference: int) -> NDArray[np.int32]:
    """softmax_term of softmax.h for the differences 0 to -255, and 0 below the least one: int32 (256,)."""
    return np.array(
        [
            _exp(_high_multiply(-step << shift, multiplier)) if -step >= least_difference else 0
            for step in range(DIFFERENCES)
        ],
        np.int32,
    )


def _exp(x: int) -> int:
    """e^x for x <= 0, Q5.26 to Q0.31."""
    if x == 0:
        return ONE
    near_zero = x % QUARTER - QUARTER
    result = _exp_near_zero(near_zero << 5)
    for bit, factor in enumerate(FACTORS):
        if (near_zero - x) & (QUARTER << bit):
            result = _high_multiply(result, factor)
    return result


def _exp_near_zero(x: int) -> int:
    """e^x for -1/4 <= x < 0, Q0.31: the Taylor series around -1/8 to its fourth power."""
    x1 = x + (1 << 28)
    x2 = _high_multiply(x1, x1)
    x3 = _high_multiply(x2, x1)
    x4 = _high_multiply(x2, x2)
    higher_terms = _divide(_high_multiply(_divide(x4, 2) + x3, THIRD) + x2, 1)
    return EXP_MINUS_EIGHTH + _high_multiply(EXP_MINUS_EIGHTH, x1 + higher_terms)


def _high_multiply(a: int, b: int) -> int:
    """a * b / 2^31, rounded to nearest, ties up."""
    return (a * b + (1 << 30)) >> 31


def _divide(x: int, exponent: int) -> int:
    """x / 2^exponent, rounded to nearest, ties away from zero."""
    remainder = x % (1 << exponent)
    return (x >> exponent) + (remainder > ((1 << exponent) - 1 >> 1) + (x < 0))
