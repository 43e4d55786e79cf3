"""Requantisation by one 64-bit multiplication and one shift, proven equal to TensorFlow Lite Micro's.

As one_step.py, with a product of 64 instead of the upper 32 bits, so that the sum needs no alignment and
nearly every channel has constants:

    high   = (offset + sum * scale * multiplier) >> 32
    output = clamp(high >> shift)

`scale` is what a kernel's sums are multiplied by already. The reference rounds negative outputs the other
way. Behind a ReLU nobody sees that. Elsewhere it takes `lowered`: with the zero point left out of the offset,
so that the sign of `high` is that of the sum with its bias,

    high   = high - (high < 0 ? unit : 0) + zero

where `unit` is one unit of the reference's first rounding, and `zero` the zero point and one half.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, INT32_MAX
from codegen.aot.arithmetic.one_step import DISTANCES, Channel, conditions

MOST_SHIFT = 21  # outputs times 2^(32 + shift) fit int64 with room for offsets
SHIFT_STEP = 2  # kernels are made for a shift: a coarse choice lets layers share them
BEYOND = 2**62  # no limit


@dataclass(frozen=True)
class WideStep:
    """The constants of a layer."""

    multipliers: NDArray[np.int32]  # (channels,)
    offsets: NDArray[np.int64]  # (channels,)
    units: NDArray[np.int32] | None  # (channels,); None where negative outputs need nothing of their own
    zero: int  # 0 where units is None
    shift: int
    limits: tuple[int, int] | None  # what the kernel has to clamp to; None where saturation to int8 is enough

    @property
    def fields(self) -> Mapping[str, int]:
        """Those of struct thimble_wide_step, and the arguments of the assembly."""
        minimum, maximum = self.limits or (INT8_MIN, INT8_MAX)
        return {
            "shift": self.shift,
            "lowered": int(self.units is not None),
            "minimum": minimum,
            "maximum": maximum,
        }

    @property
    def about(self) -> str:
        """In words, for --explain."""
        lowered = "" if self.units is None else ", negative outputs lowered by a unit"
        clamped = "" if self.limits is None else ", clamped"
        return f"requantised in one step of 64 bits{lowered}{clamped}"

    @property
    def output_instructions(self) -> int:
        """What one output takes besides its constants."""
        return 3 + 4 * (self.units is not None) + (0 if self.limits is None else 6)

    @property
    def words(self) -> NDArray[np.int32]:
        """As kernels read them: multiplier, offset (low and high word), then unit and zero if they count:
        int32 (channels, 3 or 5)."""
        offsets = self.offsets.astype("<i8").view("<i4").reshape(-1, 2)
        columns = [self.multipliers[:, None], offsets]
        if self.units is not None:
            columns += [self.units[:, None], np.full((len(offsets), 1), self.zero, np.int32)]
        words: NDArray[np.int32] = np.concatenate(columns, axis=1)
        return words


def solve_wide(channels: Sequence[Channel], factors: Sequence[float], scale: int) -> WideStep | None:
    """The constants for a layer whose sums times `scale` fit int32; None where some channel has none.

    `factors` are the real requantisation factors.
    """
    if min(factors) <= 0:
        return None
    shift = _shift(channels, factors, scale)
    if shift < 0:
        return None
    limits = channels[0].requantization.limits
    narrow = limits != (INT8_MIN, INT8_MAX)
    for lowered in (False, True):
        for clamped in (False, True)[: 1 + narrow]:
            solved = _solve(channels, factors, scale, shift, lowered, clamped)
            if solved is not None:
                return solved
    return None


def _shift(channels: Sequence[Channel], factors: Sequence[float], scale: int) -> int:
    """As great as possible, so that the rounding of multipliers matters least."""
    outputs = max(
        abs(factor * (sum_ + channel.bias)) + abs(channel.requantization.zero_point)
        for channel, factor in zip(channels, factors, strict=True)
        for sum_ in (channel.least, channel.greatest)
    )
    by_multiplier = math.floor(math.log2(INT32_MAX * scale / max(factors))) - 32
    by_output = math.floor(math.log2(INT32_MAX / (outputs + 2)))
    return min(by_multiplier, by_output, MOST_SHIFT) // SHIFT_STEP * SHIFT_STEP


def _solve(
    channels: Sequence[Channel],
    factors: Sequence[float],
    scale: int,
    shift: int,
    lowered: bool,
    clamped: bool,
) -> WideStep | None:
    zero = (channels[0].requantization.zero_point << shift) + (1 << shift >> 1) if lowered else 0
    constants = []
    for channel, factor in zip(channels, factors, strict=True):
        unit = _unit(channel, shift) if lowered else 0
        found = _channel(channel, factor, scale, shift, clamped, (unit, zero) if lowered else None)
        if found is None:
            return None
        constants.append((*found, unit))
    multipliers, offsets, units = np.array(constants, np.int64).T
    return WideStep(
        multipliers.astype(np.int32),
        offsets,
        units.astype(np.int32) if lowered else None,
        zero,
        shift,
        channels[0].requantization.limits if clamped else None,
    )


def _unit(channel: Channel, shift: int) -> int:
    """One unit of the reference's first rounding, as the high word counts."""
    right = -channel.requantization.multiplier.shift
    return 0 if right <= 0 else 1 << max(0, shift - right)


def _first_not_negative(channel: Channel) -> int:
    """The least sum, without bias, whose first rounding in the reference is not negative."""
    multiplier = channel.requantization.multiplier.multiplier
    return channel.least if multiplier == 0 else -((1 << 30) // multiplier) - channel.bias


def _channel(
    channel: Channel,
    factor: float,
    scale: int,
    shift: int,
    clamped: bool,
    lowered: tuple[int, int] | None,
) -> tuple[int, int] | None:
    """A multiplier and an offset of one channel, or None. `lowered`: its unit and its zero."""
    reached_at, wanted, before_at, limit = conditions(channel, clamped)
    ends = (channel.least, channel.greatest)
    at_least, below = wanted << shift, limit << shift
    if lowered is not None:
        unit, zero = lowered
        first = _first_not_negative(channel)
        at_least = at_least - zero + unit * (reached_at < first)
        below = below - zero + unit * (before_at < first)
        # The sign of `high` tells which of them were negative.
        if channel.greatest >= first:
            reached_at = np.append(reached_at, max(first, channel.least))
            at_least = np.append(at_least, 0)
        if channel.least < first:
            before_at = np.append(before_at, min(first - 1, channel.greatest))
            below = np.append(below, 0)
    nearest = round(factor * 2.0 ** (32 + shift) / scale)
    for distance in DISTANCES:
        for multiplier in {nearest + distance, nearest - distance}:
            if not 0 < multiplier <= INT32_MAX:
                continue
            step = scale * multiplier
            least = int(((at_least << 32) - reached_at * step).max(initial=-BEYOND))
            most = int(((below << 32) - 1 - before_at * step).min(initial=BEYOND))
            # `high` fits int32 for every sum.
            least = max(least, -(2**63) - min(end * step for end in ends))
            most = min(most, 2**63 - 1 - max(end * step for end in ends))
            if least <= most:
                return multiplier, (least + most) // 2
    return None
