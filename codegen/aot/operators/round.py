"""ROUND: in float islands alone."""

import numpy as np

from codegen.aot.families.real import Real
from contract.graph import Operator


def real(operator: Operator, input: Real) -> Real:
    """RoundToNearest in tensorflow/lite/kernels/internal/reference/round.h: ties to the even integer."""
    below = np.floor(input)
    rest = input - below
    stays = (rest < 0.5) | ((rest == 0.5) & (below % 2 == 0))
    return np.where(stays, below, below + np.float32(1))
