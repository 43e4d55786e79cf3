"""LOGISTIC: a table (firmware/engines/aot/kernels/lookup.h)."""

from collections.abc import Callable

import numpy as np

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, input_radius, q4_multiplier, scale_by
from codegen.aot.arithmetic.gemmlowp import divide_by_power_of_two, logistic
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.lookup import Lookup, lookup_call, read_lookup
from codegen.aot.families.real import Real, of_library
from codegen.aot.operands import CONVERT_AGAIN, Activation
from contract.errors import UserError
from contract.graph import Model, Operator

INTEGER_BITS = 4  # of the input in fixed point
LOWER_CUTOFF, UPPER_CUTOFF = np.float32(-9), np.float32(16.619047164916992188)  # of the float32 form


def read(model: Model, operator: Operator) -> Lookup:
    """The operator with everything checked. UserError where its tensors do not fit together."""

    def function(input: Activation, output: Activation) -> Callable[[int], int]:
        """Logistic in tensorflow/lite/kernels/internal/reference/integer_ops/logistic.h."""
        if output.zero_point != INT8_MIN:
            raise UserError(
                f"{operator} has {output.tensor} of zero point {output.zero_point} instead of {INT8_MIN}; "
                f"{CONVERT_AGAIN}"
            )
        multiplier = q4_multiplier(input.scale, str(operator))
        radius = input_radius(INTEGER_BITS, multiplier.shift)

        def compute(value: int) -> int:
            centred = value - input.zero_point
            if centred <= -radius:
                return INT8_MIN
            if centred >= radius:
                return INT8_MAX
            scaled = logistic(scale_by(multiplier, centred), INTEGER_BITS)
            return divide_by_power_of_two(scaled, 31 - 8) + INT8_MIN

        return compute

    return read_lookup(model, operator, function)


def portable(lookup: Lookup) -> KernelCall | Alias:
    """The plain kernel."""
    return lookup_call(lookup)


def real(operator: Operator, input: Real) -> Real:
    """Logistic in tensorflow/lite/kernels/internal/reference/logistic.h."""
    one = np.float32(1)
    inside = one / (one + of_library(np.exp, -input))
    return np.where(
        input > UPPER_CUTOFF, one, np.where(input < LOWER_CUTOFF, of_library(np.exp, input), inside)
    )
