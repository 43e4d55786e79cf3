"""ARG_MAX: firmware/engines/aot/kernels/arg_extreme.h."""

from codegen.aot.call import KernelCall
from codegen.aot.families.arg_extreme import ArgExtreme, arg_extreme_call, read_arg_extreme
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> ArgExtreme:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    return read_arg_extreme(model, operator, sign=1)


def portable(extreme: ArgExtreme) -> KernelCall:
    """The plain kernel."""
    return arg_extreme_call(extreme)
