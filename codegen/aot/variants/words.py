"""Bytes laid out for kernels that read them as words."""

import numpy as np
from numpy.typing import NDArray

WORD = 4  # bytes


def word_rows(weights: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows of weights, filled up with zeros to whole words."""
    return np.pad(weights, ((0, 0), (0, -weights.shape[1] % WORD)))
