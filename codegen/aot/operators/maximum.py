"""MAXIMUM: firmware/engines/aot/kernels/maximum.h."""

import numpy as np

from codegen.aot.call import KernelCall
from codegen.aot.families.elementwise import Extreme, extreme_call, read_extreme
from codegen.aot.families.pairs import constant_pair
from codegen.aot.families.real import Real
from codegen.aot.families.values import Values
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Extreme:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    return read_extreme(model, operator)


def portable(extreme: Extreme) -> KernelCall:
    """The plain kernel."""
    return extreme_call(extreme)


def real(operator: Operator, first: Real, second: Real) -> Real:
    """The greater of two float32."""
    return np.where(first > second, first, second)


def constant(model: Model, operator: Operator) -> Values | None:
    """The greater of two constant integers without a scale."""
    return constant_pair(model, operator, np.maximum)
