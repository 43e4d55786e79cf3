"""TANH: a table (firmware/engines/aot/kernels/lookup.h)."""

from collections.abc import Callable

import numpy as np

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, input_radius, q4_multiplier, scale_by
from codegen.aot.arithmetic.gemmlowp import divide_by_power_of_two, tanh
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.lookup import Lookup, lookup_call, read_lookup
from codegen.aot.families.real import Real, of_library
from codegen.aot.operands import Activation
from contract.graph import Model, Operator

INTEGER_BITS = 4  # of the input in fixed point


def read(model: Model, operator: Operator) -> Lookup:
    """The operator with everything checked. UserError where its tensors do not fit together."""

    def function(input: Activation, output: Activation) -> Callable[[int], int]:
        """Tanh in tensorflow/lite/kernels/internal/reference/integer_ops/tanh.h, which takes an output of
        scale 1/128 and zero point 0 for granted."""
        multiplier = q4_multiplier(input.scale, str(operator))
        radius = input_radius(INTEGER_BITS, multiplier.shift)

        def compute(value: int) -> int:
            centred = value - input.zero_point
            if centred <= -radius:
                return INT8_MIN
            if centred >= radius:
                return INT8_MAX
            return divide_by_power_of_two(tanh(scale_by(multiplier, centred), INTEGER_BITS), 31 - 7)

        return compute

    return read_lookup(model, operator, function)


def portable(lookup: Lookup) -> KernelCall | Alias:
    """The plain kernel."""
    return lookup_call(lookup)


def real(operator: Operator, input: Real) -> Real:
    """std::tanh."""
    return of_library(np.tanh, input)
