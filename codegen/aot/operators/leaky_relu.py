"""LEAKY_RELU: a table (firmware/engines/aot/kernels/lookup.h)."""

from collections.abc import Callable

import numpy as np

from codegen.aot.arithmetic.fixed_point import quantize_multipliers, scale_by
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.lookup import Lookup, lookup_call, read_lookup
from codegen.aot.families.real import Real
from codegen.aot.operands import Activation
from contract.graph import Model, Operator
from contract.operators.leaky_relu import LeakyReluOptions


def read(model: Model, operator: Operator) -> Lookup:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    options = operator.options
    assert isinstance(options, LeakyReluOptions)

    def function(input: Activation, output: Activation) -> Callable[[int], int]:
        """QuantizeLeakyRelu in tensorflow/lite/kernels/internal/reference/leaky_relu.h, with the factors of
        CalculateOpDataLeakyRelu; the pinned release computes them in float64."""
        slopes = (input.scale * options.alpha / output.scale, input.scale / output.scale)
        below, above = quantize_multipliers((abs(slopes[0]), slopes[1]), str(operator))

        def compute(value: int) -> int:
            centred = value - input.zero_point
            if centred >= 0:
                return output.zero_point + scale_by(above, centred)
            scaled = scale_by(below, centred)
            return output.zero_point + (-scaled if slopes[0] < 0 else scaled)

        return compute

    return read_lookup(model, operator, function)


def portable(lookup: Lookup) -> KernelCall | Alias:
    """The plain kernel."""
    return lookup_call(lookup)


def real(operator: Operator, input: Real) -> Real:
    """LeakyRelu in tensorflow/lite/kernels/internal/reference/leaky_relu.h."""
    options = operator.options
    assert isinstance(options, LeakyReluOptions)
    return np.where(input > 0, input, input * np.float32(options.alpha))
