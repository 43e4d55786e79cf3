"""The softmax with its exponentials from a table: firmware/engines/aot/variants/softmax_table.h."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import SOFTMAX_INTEGER_BITS
from codegen.aot.arithmetic.gemmlowp import exp_on_negative, high_multiply
from codegen.aot.call import Constant, KernelCall
from codegen.aot.operators.softmax import read
from codegen.aot.overlap import IN_PLACE
from codegen.aot.variants.variant import Variant
from contract.graph import Model, Operator

DIFFERENCES = 256  # of two int8


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
        overlaps={softmax.input.index: IN_PLACE},
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


@cache
def exponentials(multiplier: int, shift: int, least_difference: int) -> NDArray[np.int32]:
    """softmax_term of softmax.h for the differences 0 to -255, and 0 below the least one: int32 (256,)."""
    return np.array(
        [
            exp_on_negative(high_multiply(-step << shift, multiplier), SOFTMAX_INTEGER_BITS)
            if -step >= least_difference
            else 0
            for step in range(DIFFERENCES)
        ],
        np.int32,
    )
