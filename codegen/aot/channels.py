"""Operators that work on each channel (the last dimension) by itself, as passes over the graph see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN


@dataclass(frozen=True)
class Reach:
    """The least and the greatest value that each channel can have, for any input of the model: int64
    (channels,)."""

    least: NDArray[np.int64]
    greatest: NDArray[np.int64]

    @property
    def is_constant(self) -> NDArray[np.bool_]:
        """Which channels have one value alone."""
        return np.asarray(self.least == self.greatest)

    def of(self, channels: NDArray[np.intp] | None) -> "Reach":
        """Those of the given channels; None for all, where there is only one."""
        return self if channels is None else Reach(self.least[channels], self.greatest[channels])

    def with_value(self, value: int) -> "Reach":
        """The same where `value` may occur, too, as it does where a window reaches outside."""
        return Reach(np.minimum(self.least, value), np.maximum(self.greatest, value))


def whole_reach(channels: int) -> Reach:
    """Nothing is known."""
    return Reach(np.full(channels, INT8_MIN, np.int64), np.full(channels, INT8_MAX, np.int64))


@dataclass(frozen=True)
class Channels:
    """An operator each of whose output channels is a function of one channel of each input.

    `sources` has for each input its channel behind each output channel, or None where it has only one, which
    is repeated and so ties no others together. `reach` gives the output's reach for those of the inputs, each
    in the order of the output's channels or of one alone.
    """

    inputs: tuple[int, ...]  # tensor indices; constants, too
    output: int
    sources: tuple[NDArray[np.intp] | None, ...]
    reach: Callable[[Sequence[Reach]], Reach]


@singledispatch
def channels_of(checked: object) -> Channels | None:
    """How the channels of a checked operator hang together, or None where they are mixed or not known."""
    return None


def alike(
    inputs: Sequence[tuple[int, int]],
    output: tuple[int, int],
    reach: Callable[[Sequence[Reach]], Reach] | None = None,
) -> Channels | None:
    """Channel c of the output is made from channel c of each input, or from the only one of it. `inputs` and
    `output` are tensor indices with their numbers of channels; None where those do not fit."""
    index, channels = output
    if any(count not in (1, channels) for _, count in inputs):
        return None
    every = np.arange(channels)
    return Channels(
        inputs=tuple(one for one, _ in inputs),
        output=index,
        sources=tuple(every if count == channels else None for _, count in inputs),
        reach=reach or (lambda reaches: whole_reach(channels)),
    )


def clipped(reach: Reach, limits: tuple[int, int]) -> Reach:
    """Behind a clamp to the least and the greatest value."""
    return Reach(np.clip(reach.least, *limits), np.clip(reach.greatest, *limits))
