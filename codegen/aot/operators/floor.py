"""FLOOR: in float islands alone."""

import numpy as np

from codegen.aot.families.real import Real
from contract.graph import Operator


def real(operator: Operator, input: Real) -> Real:
    """std::floor."""
    return np.floor(input)
