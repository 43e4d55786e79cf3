"""MINIMUM: firmware/engines/aot/kernels/minimum.h."""

from codegen.aot.call import KernelCall
from codegen.aot.families.elementwise import Extreme, extreme_call, read_extreme
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Extreme:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    return read_extreme(model, operator)


def portable(extreme: Extreme) -> KernelCall:
    """The plain kernel."""
    return extreme_call(extreme)
