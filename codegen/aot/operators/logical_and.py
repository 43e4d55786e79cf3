"""LOGICAL_AND: firmware/engines/aot/kernels/logical.h."""

from codegen.aot.call import KernelCall
from codegen.aot.families.logical import Logical, logical_call, read_logical
from codegen.aot.families.values import Values
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Logical:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    return read_logical(model, operator)


def portable(logical: Logical) -> KernelCall:
    """The plain kernel."""
    return logical_call(logical, both=1)


def real(operator: Operator, first: Values, second: Values) -> Values:
    """Of bool."""
    return first & second
