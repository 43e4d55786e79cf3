"""What sums a filter can reach: bounds from its actual weights, over every possible int8 input."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN


@dataclass(frozen=True)
class Ranges:
    """The least and the greatest sum of weight * input over all int8 inputs: int64 (filters,).

    Both are reached. Every input from -128 to 127 counts, whatever the zero point is, so padding (inputs
    equal to the zero point) is covered, too.
    """

    least: NDArray[np.int64]
    greatest: NDArray[np.int64]

    @property
    def widest(self) -> int:
        """The greatest difference between two sums of one filter."""
        return int((self.greatest - self.least).max())


def product_sums(weights: NDArray[np.int8]) -> Ranges:
    """The ranges of the sums of weights (filters, ...) * inputs."""
    flat = weights.reshape(len(weights), -1)
    positive = np.maximum(flat, 0).sum(axis=1, dtype=np.int64)
    negative = np.minimum(flat, 0).sum(axis=1, dtype=np.int64)
    return Ranges(
        INT8_MIN * positive + INT8_MAX * negative,
        INT8_MAX * positive + INT8_MIN * negative,
    )


def bias_without_zero_point(
    weights: NDArray[np.int8], bias: NDArray[np.int32] | None, zero_point: int
) -> NDArray[np.int64]:
    """What to add to a sum of weight * input for the sum of weight * (input - zero point) + bias: (filters,).

    Padding then is an input equal to the zero point, so that a filter always has all its products.
    """
    sums = weights.reshape(len(weights), -1).sum(axis=1, dtype=np.int64)
    offset = np.zeros(len(weights), np.int64) if bias is None else bias.astype(np.int64)
    return np.asarray(offset - zero_point * sums, np.int64)
