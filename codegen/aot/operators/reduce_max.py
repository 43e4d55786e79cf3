"""REDUCE_MAX: firmware/engines/aot/kernels/reduce_extreme.h."""

from codegen.aot.call import KernelCall
from codegen.aot.families.reduced_extreme import ReducedExtreme, read_reduced_extreme, reduced_extreme_call
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> ReducedExtreme:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    return read_reduced_extreme(model, operator, sign=1)


def portable(extreme: ReducedExtreme) -> KernelCall:
    """The plain kernel."""
    return reduced_extreme_call(extreme)
