"""Bytes laid out for kernels that read them as words."""

import numpy as np
from numpy.typing import NDArray

WORD = 4  # bytes


def word_rows(weights: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows of weights, filled up with zeros to whole words."""
    return np.pad(weights, ((0, 0), (0, -weights.shape[1] % WORD)))


def word_halves(values: NDArray[np.int16]) -> NDArray[np.int16]:
    """For each word of four bytes, widened to int16 (..., words, 4), what SXTB16 makes of it: bytes 0 and 2,
    then bytes 1 and 3: (..., words, 2, 2), little-endian."""
    halves: NDArray[np.int16] = values.astype("<i2")[..., [0, 2, 1, 3]].reshape(*values.shape[:-1], 2, 2)
    return halves
