"""float32 as TensorFlow Lite Micro computes it, for the islands that become tables.

Sums, products and quotients are float32, like the C++ ones. Functions of the C library are computed in
float64 and rounded, which glibc's float functions equal but for one value in some hundreds, by one unit in
the last of their 24 bits.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float32]

LIMITS = {
    "NONE": (-np.inf, np.inf),
    "RELU": (0.0, np.inf),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}


def clamped(values: Real, activation: str) -> Real:
    """Behind a fused activation: CalculateActivationRange in tensorflow/lite/kernels/kernel_util.h."""
    least, greatest = LIMITS[activation]
    above = np.where(values < np.float32(least), np.float32(least), values)
    return np.where(np.float32(greatest) < above, np.float32(greatest), above)


def of_library(function: Callable[[NDArray[np.float64]], NDArray[np.float64]], values: Real) -> Real:
    """A function of the C library, element by element."""
    return function(values.astype(np.float64)).astype(np.float32)
