"""RSQRT: a table (firmware/engines/aot/kernels/lookup.h)."""

from collections.abc import Callable

import numpy as np

from codegen.aot.arithmetic.fixed_point import (
    INT8_MAX,
    Multiplier,
    quantize_multipliers,
    scale_by,
)
from codegen.aot.arithmetic.gemmlowp import inverse_square_root
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.lookup import Lookup, lookup_call, read_lookup
from codegen.aot.families.real import Real
from codegen.aot.operands import Activation
from contract.graph import Model, Operator

SHIFT = 20  # of the inverse root, to keep its fraction


def read(model: Model, operator: Operator) -> Lookup:
    """The operator with everything checked. UserError where its tensors do not fit together."""

    def function(input: Activation, output: Activation) -> Callable[[int], int]:
        """RsqrtEvalQuantized in tensorflow/lite/micro/kernels/elementwise.cc, with the multiplier of
        SetRsqrtOutputMultiplier."""
        factor = 1 / float(np.sqrt(np.float32(input.scale)) * np.float32(output.scale))
        (multiplier,) = quantize_multipliers((factor,), str(operator))
        back = Multiplier(multiplier.multiplier, multiplier.shift - SHIFT)

        def compute(value: int) -> int:
            centred = value - input.zero_point
            if centred <= 0:  # 0 counts as the greatest output; below, the reference stops with an error
                return INT8_MAX
            root, right_shift = inverse_square_root(centred)
            data = scale_by(Multiplier(root, SHIFT - right_shift), 1)
            return scale_by(back, data) + output.zero_point

        return compute

    return read_lookup(model, operator, function)


def portable(lookup: Lookup) -> KernelCall | Alias:
    """The plain kernel."""
    return lookup_call(lookup)


def real(operator: Operator, input: Real) -> Real:
    """1 / std::sqrt."""
    root: Real = np.sqrt(input)
    return np.float32(1) / root
