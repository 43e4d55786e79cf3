"""SUM: firmware/engines/aot/kernels/mean.h."""

from codegen.aot.call import KernelCall
from codegen.aot.families.summation import Summation, read_summation, summation_call
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Summation:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    return read_summation(model, operator, divide=False)


def portable(summation: Summation) -> KernelCall:
    """The plain kernel."""
    return summation_call(summation)
