"""GREATER: firmware/engines/aot/kernels/compare.h."""

from codegen.aot.call import KernelCall
from codegen.aot.families.comparison import Comparison, comparison_call, read_comparison
from codegen.aot.families.real import Real
from codegen.aot.families.values import Values
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Comparison:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    return read_comparison(model, operator)


def portable(comparison: Comparison) -> KernelCall:
    """The plain kernel."""
    return comparison_call(comparison, ">")


def real(operator: Operator, first: Real, second: Real) -> Values:
    """Of float32: bool."""
    return first > second
