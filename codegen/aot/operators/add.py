"""ADD: firmware/engines/aot/kernels/add.h."""

from codegen.aot.call import KernelCall
from codegen.aot.families.addition import Addition, addition_call, read_addition
from contract.graph import Model, Operator
from contract.operators.add import AddOptions


def read(model: Model, operator: Operator) -> Addition:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    options = operator.options
    assert isinstance(options, AddOptions)
    return read_addition(model, operator, options.activation, sign=1)


def portable(add: Addition) -> KernelCall:
    """The plain kernel."""
    return addition_call(add)
