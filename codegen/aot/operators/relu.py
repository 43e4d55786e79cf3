"""RELU: a table (firmware/engines/aot/kernels/lookup.h)."""

from collections.abc import Callable

import numpy as np

from codegen.aot.arithmetic.fixed_point import quantize_multipliers, scale_by
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.lookup import Lookup, lookup_call, read_lookup
from codegen.aot.families.real import Real
from codegen.aot.operands import Activation
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Lookup:
    """The operator with everything checked. UserError where its tensors do not fit together."""

    def function(input: Activation, output: Activation) -> Callable[[int], int]:
        """CalculateReluOpData in tensorflow/lite/micro/kernels/activations_common.cc; the pinned release
        divides in float64."""
        (multiplier,) = quantize_multipliers((input.scale / output.scale,), str(operator))

        def compute(value: int) -> int:
            scaled = scale_by(multiplier, value - input.zero_point)
            return max(output.zero_point, output.zero_point + scaled)

        return compute

    return read_lookup(model, operator, function)


def portable(lookup: Lookup) -> KernelCall | Alias:
    """The plain kernel."""
    return lookup_call(lookup)


def real(operator: Operator, input: Real) -> Real:
    """ReluFloat."""
    return np.where(input < 0, np.float32(0), input)
