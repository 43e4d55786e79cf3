"""Requantisation by one multiplication and one shift, proven equal to TensorFlow Lite Micro's.

The reference (requantize.h) multiplies, rounds, shifts, rounds again and clamps. It never decreases with the
sum, so it is known from its thresholds: for each output k, the least sum that gives k or more. Here

    output = clamp((offset + floor(aligned sum * multiplier / 2^32)) >> shift)

never decreases either, so the two are equal for every sum of a range if they have the same thresholds there.
`solve` looks for a multiplier and an offset that do, near the real factor. The aligned sum is
(sum - origin) * 2^align: the finer the alignment, the finer the offset.

Behind a ReLU there are such constants as a rule. Where negative sums count there often are none, as the
reference rounds them the other way: then the layer keeps the reference.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, INT32_MAX, INT32_MIN, Multiplier

# How far from the real factor, in units of its 31-bit form, a multiplier is looked for: near first. Factors
# such as 1 / 510, where sums lie on ties, want one that is a little greater.
DISTANCES = sorted({digit << power for power in range(11) for digit in range(8)})


@dataclass(frozen=True)
class Requantization:
    """A reference requantisation: the factor of one channel, the output's zero point and limits."""

    multiplier: Multiplier
    zero_point: int
    limits: tuple[int, int]

    def __call__(self, sums: NDArray[np.int64]) -> NDArray[np.int64]:
        """The outputs for accumulators (bias included) whose left shift fits int32."""
        left, right = max(0, self.multiplier.shift), max(0, -self.multiplier.shift)
        high = (sums * (1 << left) * self.multiplier.multiplier + (1 << 30)) >> 31
        remainder = high & ((1 << right) - 1)
        threshold = (((1 << right) - 1) >> 1) + (high < 0)
        values = (high >> right) + (remainder > threshold) + self.zero_point
        outputs: NDArray[np.int64] = np.minimum(np.maximum(values, self.limits[0]), self.limits[1])
        return outputs


@dataclass(frozen=True)
class Channel:
    """One channel: sums from `least` to `greatest`, to which `bias` is added. Aligned sums count from
    `origin`."""

    requantization: Requantization
    least: int
    greatest: int
    bias: int
    origin: int = 0


@dataclass(frozen=True)
class OneStep:
    """The constants of a layer: one multiplier and offset for each channel, int32; one shift for all."""

    multipliers: NDArray[np.int32]
    offsets: NDArray[np.int32]
    shift: int


def solve_layer(
    channels: Sequence[Channel], factors: Sequence[float], align: int, clamped: bool
) -> OneStep | None:
    """The constants for a layer, or None where some channel has none.

    `factors` are the real requantisation factors. `clamped`: the kernel clamps to the layer's limits; else it
    only saturates to int8, and a narrower limit must follow from the range.
    """
    if min(factors) <= 0:
        return None
    shift = common_shift(channels, factors, align)
    if shift < 0:
        return None
    constants = []
    for channel, factor in zip(channels, factors, strict=True):
        found = solve(channel, factor, align, shift, clamped)
        if found is None:
            return None
        constants.append(found)
    multipliers, offsets = np.array(constants, np.int64).T
    return OneStep(multipliers.astype(np.int32), offsets.astype(np.int32), shift)


def common_shift(channels: Sequence[Channel], factors: Sequence[float], align: int) -> int:
    """The shift of a layer: as great as possible, so that the rounding of multipliers and offsets matters
    least, with multipliers below 2^31, and offsets and outputs times 2^shift that fit int32."""
    outputs = max(
        abs(factor * (sum_ + channel.bias)) + abs(channel.requantization.zero_point)
        for channel, factor in zip(channels, factors, strict=True)
        for sum_ in (channel.least, channel.greatest, channel.origin)
    )
    by_multiplier = math.floor(math.log2(INT32_MAX / max(factors))) - 32 + align
    return min(by_multiplier, math.floor(math.log2(INT32_MAX / (outputs + 2))))


def solve(channel: Channel, factor: float, align: int, shift: int, clamped: bool) -> tuple[int, int] | None:
    """A multiplier and an offset of one channel, or None."""
    reached, wanted, before, limit = conditions(channel, clamped)
    ends: NDArray[np.int64] = np.array([channel.least, channel.greatest])

    reached_at, before_at, ends_at = ((sums - channel.origin) << align for sums in (reached, before, ends))
    if ends_at.min() < INT32_MIN or ends_at.max() > INT32_MAX:
        return None
    at_least = wanted << shift
    at_most = (limit << shift) - 1
    nearest = round(factor * 2.0 ** (32 + shift - align))
    for distance in DISTANCES:
        for multiplier in {nearest + distance, nearest - distance}:
            if not 0 < multiplier <= INT32_MAX:
                continue
            ends_high = ends_at * multiplier >> 32
            least = int((at_least - (reached_at * multiplier >> 32)).max(initial=INT32_MIN - ends_high.min()))
            most = int((at_most - (before_at * multiplier >> 32)).min(initial=INT32_MAX - ends_high.max()))
            least, most = max(least, INT32_MIN), min(most, INT32_MAX)
            if least <= most:
                return multiplier, (least + most) // 2
    return None


def conditions(
    channel: Channel, clamped: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """What a function that never decreases has to meet: at these sums (without bias) at least these outputs,
    and at those sums less than those.

    `clamped`: the kernel clamps to the layer's limits; else a narrower limit must follow from the range.
    """
    outputs, sums = thresholds(channel)
    ends: NDArray[np.int64] = np.array([channel.least, channel.greatest])
    low, high = (int(end) for end in channel.requantization(ends + channel.bias))
    reached, wanted, before, limit = [sums], [outputs], [sums - 1], [outputs]
    if not (clamped and low == channel.requantization.limits[0]) and low > INT8_MIN:
        reached.append(ends[:1])
        wanted.append(np.array([low]))
    if not (clamped and high == channel.requantization.limits[1]) and high < INT8_MAX:
        before.append(ends[1:])
        limit.append(np.array([high + 1]))
    return np.concatenate(reached), np.concatenate(wanted), np.concatenate(before), np.concatenate(limit)


@lru_cache(maxsize=1 << 14)  # variants of one layer ask for the same
def thresholds(channel: Channel) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each output above the least one, and the least sum (without bias) that reaches it: by bisection."""
    ends = np.array([channel.least, channel.greatest])
    low, high = channel.requantization(ends + channel.bias)
    outputs: NDArray[np.int64] = np.arange(low + 1, high + 1)
    below: NDArray[np.int64] = np.full(outputs.shape, channel.least)
    reaching: NDArray[np.int64] = np.full(outputs.shape, channel.greatest)
    while (reaching - below > 1).any():
        middle = (below + reaching) >> 1
        reached = channel.requantization(middle + channel.bias) >= outputs
        reaching = np.where(reached, middle, reaching)
        below = np.where(reached, below, middle)
    outputs.setflags(write=False)
    reaching.setflags(write=False)
    return outputs, reaching
