"""SUB: firmware/engines/aot/kernels/add.h."""

from codegen.aot.call import KernelCall
from codegen.aot.families.addition import Addition, addition_call, read_addition
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
