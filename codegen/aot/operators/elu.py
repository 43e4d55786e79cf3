"""ELU: a table (firmware/engines/aot/kernels/lookup.h)."""

import math
from collections.abc import Callable

import numpy as np

from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.lookup import Lookup, lookup_call, read_lookup
from codegen.aot.families.real import Real, of_library
from codegen.aot.operands import Activation
from contract.graph import Model, Operator

BEYOND = 1000  # steps from the zero point, where every output is clamped


def read(model: Model, operator: Operator) -> Lookup:
    """The operator with everything checked. UserError where its tensors do not fit together."""

    def function(input: Activation, output: Activation) -> Callable[[int], int]:
        """PopulateLookupTable in tensorflow/lite/micro/kernels/elu.cc, in float32."""
        one = np.float32(1)
        scale, inverse = np.float32(input.scale), one / np.float32(output.scale)

        def compute(value: int) -> int:
            real = scale * np.float32(value - input.zero_point)
            if real < 0:
                real = np.float32(math.exp(real)) - one
            steps = float(real * inverse)
            rounded = math.copysign(math.floor(min(abs(steps), BEYOND) + 0.5), steps)
            return int(rounded) + output.zero_point

        return compute

    return read_lookup(model, operator, function)


def portable(lookup: Lookup) -> KernelCall | Alias:
    """The plain kernel."""
    return lookup_call(lookup)


def real(operator: Operator, input: Real) -> Real:
    """EluEval in tensorflow/lite/micro/kernels/elu.cc."""
    return np.where(input < 0, of_library(np.exp, input) - np.float32(1), input)
