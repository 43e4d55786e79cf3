"""EXP: in float islands alone."""

import numpy as np

from codegen.aot.families.real import Real, of_library
from contract.graph import Operator


def real(operator: Operator, input: Real) -> Real:
    """std::exp."""
    return of_library(np.exp, input)
