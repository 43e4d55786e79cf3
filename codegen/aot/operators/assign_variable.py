"""ASSIGN_VARIABLE: a copy into the variable."""

from codegen.aot.call import KernelCall
from codegen.aot.families.variables import Copy, copy_call, read_copy
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Copy:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    return read_copy(model, operator, assigns=True)


def portable(copy: Copy) -> KernelCall:
    """The plain kernel."""
    return copy_call(copy)
