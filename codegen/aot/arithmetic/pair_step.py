"""The sum of two scaled int8 values by two multiplications and one shift, proven for all 65,536 pairs.

ADD and SUB of TensorFlow Lite scale both inputs, add them and scale the sum, with a rounding each time. Here

    output = clamp((a * factor_a + b * factor_b + offset) >> shift)

`solve_pair` tries constants near the real factors on all pairs.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, INT32_MAX, INT32_MIN

VALUES: NDArray[np.int64] = np.arange(INT8_MIN, INT8_MAX + 1)
SHIFTS = 4  # that are tried, from the greatest one down
REACH = 6  # units from the nearest factors, both ways


@dataclass(frozen=True)
class PairStep:
    """The constants of one operator, all int32."""

    factors: tuple[int, int]
    offset: int
    shift: int


def solve_pair(
    outputs: NDArray[np.int64], factors: tuple[float, float], limits: tuple[int, int]
) -> PairStep | None:
    """Constants that give `outputs` (256, 256) for all pairs of int8, by row and column; None if none are
    found. `factors` are the real ones; the kernel clamps to `limits`."""
    reach = 128 * (abs(factors[0]) + abs(factors[1])) + 256
    greatest = math.floor(math.log2(INT32_MAX / reach))
    steps = sorted(
        ((a, b) for a in range(-REACH, REACH + 1) for b in range(-REACH, REACH + 1)),
        key=lambda pair: (max(abs(pair[0]), abs(pair[1])), pair),
    )
    least, most = limits
    for shift in range(greatest, max(greatest - SHIFTS, 0), -1):
        nearest = [round(factor * 2.0**shift) for factor in factors]
        for step in steps:
            first, second = nearest[0] + step[0], nearest[1] + step[1]
            if 128 * max(abs(first), abs(second)) > INT32_MAX:
                continue
            sums = VALUES[:, None] * first + VALUES[None, :] * second
            low = int(((outputs << shift) - sums)[outputs > least].max(initial=INT32_MIN - int(sums.min())))
            high = int(
                (((outputs + 1) << shift) - 1 - sums)[outputs < most].min(initial=INT32_MAX - int(sums.max()))
            )
            low, high = max(low, INT32_MIN - int(sums.min())), min(high, INT32_MAX - int(sums.max()))
            if low <= high:
                return PairStep((first, second), (low + high) // 2, shift)
    return None
