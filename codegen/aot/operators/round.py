"""ROUND: in float islands alone."""

import numpy as np

from codegen.aot.families.real import Real
from contract.graph import Operator


def real(operator: Operator, input: Real) -> Real:
    """RoundToNearest in tensorflow/lite/kernels/internal/reference/round.h: ties to the even integer."""
    return np.rint(input)
