"""SQUARE: in float islands alone."""

from codegen.aot.families.real import Real
from contract.graph import Operator


def real(operator: Operator, input: Real) -> Real:
    """input * input."""
    return input * input
