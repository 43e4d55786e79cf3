"""RELU: a table (firmware/engines/aot/kernels/lookup.h)."""

from collections.abc import Callable

import numpy as np

from codegen.aot.arithmetic.fixed_point import quantize_multipliers, scale_by
from codegen.aot.call import KernelCall
from codegen.aot.families.lookup import Lookup, lookup_call, read_lookup
from codegen.aot.operands import Activation
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Lookup:
    """The operator with everything checked. UserError where its tensors do not fit together."""

    def function(input: Activation, output: Activation) -> Callable[[int], int]:
        """CalculateReluOpData in tensorflow/lite/micro/kernels/activations_common.cc: the quotient of the
        scales is a float32."""
        factor = float(np.float32(input.scale) / np.float32(output.scale))
        (multiplier,) = quantize_multipliers((factor,), str(operator))

        def compute(value: int) -> int:
            scaled = scale_by(multiplier, value - input.zero_point)
            return max(output.zero_point, output.zero_point + scaled)

        return compute

    return read_lookup(model, operator, function)


def portable(lookup: Lookup) -> KernelCall:
    """The plain kernel."""
    return lookup_call(lookup)
