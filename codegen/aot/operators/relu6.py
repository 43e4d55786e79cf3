"""RELU6: a table (firmware/engines/aot/kernels/lookup.h)."""

from collections.abc import Callable

import numpy as np

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.lookup import Lookup, lookup_call, read_lookup
from codegen.aot.families.real import Real
from codegen.aot.operands import Activation
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Lookup:
    """The operator with everything checked. UserError where its tensors do not fit together."""

    def function(input: Activation, output: Activation) -> Callable[[int], int]:
        """Relu6Prepare in tensorflow/lite/micro/kernels/activations_common.cc: values are clamped between the
        input's zero point and its six, and copied; the output's quantisation plays no part."""
        quotient = np.float32(6) / np.float32(input.scale)
        six = int(np.clip(np.floor(quotient + np.float32(0.5)) + input.zero_point, INT8_MIN, INT8_MAX))

        def compute(value: int) -> int:
            return min(six, max(input.zero_point, value))

        return compute

    return read_lookup(model, operator, function)


def portable(lookup: Lookup) -> KernelCall | Alias:
    """The plain kernel."""
    return lookup_call(lookup)


def real(operator: Operator, input: Real) -> Real:
    """Relu6Float."""
    return np.where(input > 6, np.float32(6), np.where(input < 0, np.float32(0), input))
