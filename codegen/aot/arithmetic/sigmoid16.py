"""The sigmoid of 16-bit activations: a table that the reference interpolates (Logistic and Tanh for int16 in
tensorflow/lite/kernels/internal/reference/integer_ops)."""

import math

import numpy as np
from numpy.typing import NDArray

STEPS = 24  # table entries for each 1 of the argument
# The reference's table is sigmoid(i / 24) in Q0.16, rounded, and one more where bit i is set here (found by
# comparing the two).
_ONE_MORE = int(
    "800000000000000000000000000000800011009020440005c0467baefa7bd110",
    16,
)


def sigmoid_table() -> NDArray[np.uint16]:
    """sigmoid(i / 24) for i from 0 to 255, Q0.16: uint16 (256,)."""
    rounded = [math.floor(2**16 / (1 + math.exp(-i / STEPS)) + 0.5) for i in range(256)]
    return np.array(
        [min(2**16 - 1, value) + (_ONE_MORE >> i & 1) for i, value in enumerate(rounded)], np.uint16
    )
