"""LOG: in float islands alone."""

import numpy as np

from codegen.aot.families.real import Real, of_library
from contract.graph import Operator


def real(operator: Operator, input: Real) -> Real:
    """std::log."""
    return of_library(np.log, input)
