"""Places buffers in one arena so that buffers whose lifetimes overlap do not."""

from collections.abc import Sequence
from dataclasses import dataclass

ALIGNMENT = 8


@dataclass(frozen=True)
class Buffer:
    """Bytes that are alive from call `first` to call `last`, both included."""

    name: str
    bytes: int
    first: int
    last: int

    def meets(self, other: "Buffer") -> bool:
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Arena:
    """`places[i]` is where the i-th buffer begins, a multiple of ALIGNMENT."""

    buffers: tuple[Buffer, ...]
    places: tuple[int, ...]
    bytes: int


def place(buffers: Sequence[Buffer]) -> Arena:
    """Greedy best fit: the largest buffer first, each into the smallest gap that holds it among the buffers
    alive at the same time, else behind them."""
    places: dict[int, int] = {}
    for index in sorted(range(len(buffers)), key=lambda index: -buffers[index].bytes):
        neighbours = sorted(
            (places[other], places[other] + _aligned(buffers[other].bytes))
            for other in places
            if buffers[other].meets(buffers[index])
        )
        places[index] = _best_gap(neighbours, _aligned(buffers[index].bytes))
    return Arena(
        tuple(buffers),
        tuple(places[index] for index in range(len(buffers))),
        max((places[index] + _aligned(buffer.bytes) for index, buffer in enumerate(buffers)), default=0),
    )


def _best_gap(neighbours: Sequence[tuple[int, int]], size: int) -> int:
    """The start of the smallest gap of at least `size` between `neighbours` (start and end, sorted)."""
    best: tuple[int, int] | None = None  # size of the gap, its start
    end = 0
    for start, neighbour_end in neighbours:
        gap = start - end
        if gap >= size and (best is None or gap < best[0]):
            best = (gap, end)
        end = max(end, neighbour_end)
    return end if best is None else best[1]


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
