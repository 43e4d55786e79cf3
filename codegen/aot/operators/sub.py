"""SUB: firmware/engines/aot/kernels/add.h."""

import numpy as np

from codegen.aot.call import KernelCall
from codegen.aot.families.addition import Addition, addition_call, read_addition
from codegen.aot.families.pairs import constant_pair
from codegen.aot.families.real import Real, clamped
from codegen.aot.families.values import Values
from contract.graph import Model, Operator
from contract.operators.sub import SubOptions


def read(model: Model, operator: Operator) -> Addition:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    options = operator.options
    assert isinstance(options, SubOptions)
    return read_addition(model, operator, options.activation, sign=-1)


def portable(sub: Addition) -> KernelCall:
    """The plain kernel."""
    return addition_call(sub)


def real(operator: Operator, first: Real, second: Real) -> Real:
    """The difference of float32."""
    options = operator.options
    assert isinstance(options, SubOptions)
    return clamped(first - second, options.activation)


def constant(model: Model, operator: Operator) -> Values | None:
    """The difference of two constant integers without a scale."""
    return constant_pair(model, operator, np.subtract)
