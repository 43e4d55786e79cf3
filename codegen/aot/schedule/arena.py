"""Places buffers in one arena so that those alive together share no byte, but where a kernel allows it."""

import bisect
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codegen.aot.overlap import FAR, Overlap, common_bytes

ALIGNMENT = 8
MOST_EXACT = 10  # buffers for which every order is tried
MOST_ROUNDS = 400  # of the search for more buffers
MOST_PLACES = 100_000  # that the local search works out in all
MOST_MEETINGS = 1_000_000  # pairs of buffers that are alive together for which a search is made


@dataclass(frozen=True)
class Buffer:
    """Bytes that are alive from call `first` to call `last`, both included."""

    name: str
    bytes: int
    first: int
    last: int

    def meets(self, other: "Buffer") -> bool:
        return self.first <= other.last and other.first <= self.last


# Which outputs may reach into which inputs: by (index of the output's buffer, index of the input's).
Overlaps = Mapping[tuple[int, int], Overlap]


@dataclass(frozen=True)
class Arena:
    """`places[i]` is where the i-th buffer begins, a multiple of ALIGNMENT."""

    buffers: tuple[Buffer, ...]
    places: tuple[int, ...]
    bytes: int
    bound: int  # no placement needs fewer bytes
    peak: int  # the call that sets the bound
    needs: Mapping[int, int]  # bytes that are needed at least at each call where a buffer begins


def place(buffers: Sequence[Buffer], overlaps: Overlaps | None = None) -> Arena:
    """Each buffer as low as it goes, in the order that needs the fewest bytes.

    Every placement in which nothing can be moved down comes from such an order. Few buffers get the best of
    all; many the best of a search that ends where the bound is reached, always the same for the same buffers.
    Where thousands are alive together, each gets the first place that is free when it begins.
    """
    overlaps = overlaps or {}
    needs = _needs(buffers, overlaps)
    peak = max(needs, key=lambda moment: (needs[moment], -moment), default=0)
    bound = needs.get(peak, 0)
    meetings = _meetings(buffers)
    if meetings is None:
        places, size = _first_fit(buffers)
    else:
        problem = _Problem(buffers, overlaps, meetings)
        places, size = problem.places(_search(problem, bound))
    in_order = tuple(places[index] for index in range(len(buffers)))
    return Arena(tuple(buffers), in_order, size, bound, peak, needs)


def _in_order(buffers: Sequence[Buffer]) -> Iterator[tuple[int, list[int]]]:
    """Each buffer in the order in which they begin, and those that are alive then and began before."""
    alive: list[int] = []
    for index in sorted(range(len(buffers)), key=lambda index: buffers[index].first):
        alive = [other for other in alive if buffers[other].last >= buffers[index].first]
        yield index, alive
        alive.append(index)


def _meetings(buffers: Sequence[Buffer]) -> list[list[int]] | None:
    """For each buffer all that it meets; None where these are more than MOST_MEETINGS."""
    meetings: list[list[int]] = [[] for _ in buffers]
    count = 0
    for index, alive in _in_order(buffers):
        count += len(alive)
        if count > MOST_MEETINGS:
            return None
        meetings[index].extend(alive)
        for other in alive:
            meetings[other].append(index)
    return meetings


def _needs(buffers: Sequence[Buffer], overlaps: Overlaps) -> dict[int, int]:
    """The bytes that each call needs at least at which a buffer begins: what is alive, where an output may
    lie over an input counted once."""
    sizes = [aligned(buffer.bytes) for buffer in buffers]
    common: dict[
        int, dict[int, int]
    ] = {}  # of each output with each input: the most bytes that may be the same
    for (output, input), overlap in overlaps.items():
        common.setdefault(output, {})[input] = common_bytes(sizes[output], sizes[input], overlap, ALIGNMENT)
    needs: dict[int, int] = {}
    for index, before in _in_order(buffers):
        moment = buffers[index].first
        alive = {index, *before}
        # An output may reach into several inputs, each byte of it into one.
        saved = sum(
            min(sizes[output], sum(bytes for input, bytes in common[output].items() if input in alive))
            for output in (alive & common.keys())
        )
        needs[moment] = sum(sizes[one] for one in alive) - saved  # the last that begins there counts all
    return needs


def _first_fit(buffers: Sequence[Buffer]) -> tuple[dict[int, int], int]:
    """Each buffer, as they begin, at the lowest place that nothing alive has; and the bytes of all."""
    places: dict[int, int] = {}
    taken: list[tuple[int, int]] = []  # place and buffer of what is alive, by place
    size = 0
    for index in sorted(range(len(buffers)), key=lambda index: buffers[index].first):
        taken = [one for one in taken if buffers[one[1]].last >= buffers[index].first]
        place, needed = 0, aligned(buffers[index].bytes)
        for begin, other in taken:
            if begin - place >= needed:
                break
            place = max(place, begin + aligned(buffers[other].bytes))
        places[index] = place
        bisect.insort(taken, (place, index))
        size = max(size, place + needed)
    return places, size


class _Problem:
    """What each buffer must stay away from, as intervals of places that it cannot have."""

    def __init__(
        self, buffers: Sequence[Buffer], overlaps: Overlaps, meetings: Sequence[Sequence[int]]
    ) -> None:
        self.sizes = [aligned(buffer.bytes) for buffer in buffers]
        self.buffers = buffers
        self.overlaps = overlaps
        # For each buffer and each that it meets: the forbidden distances from that one, both ends excluded.
        self.forbidden: list[dict[int, tuple[int, int]]] = [
            {other: self._forbidden(index, other) for other in others}
            for index, others in enumerate(meetings)
        ]

    def _forbidden(self, index: int, other: int) -> tuple[int, int]:
        low, high = -self.sizes[index], self.sizes[other]
        if (index, other) in self.overlaps:
            overlap = self.overlaps[index, other]
            return max(low, overlap.most), min(high, overlap.least)
        if (other, index) in self.overlaps:
            overlap = self.overlaps[other, index]
            return max(low, -overlap.least), min(high, -overlap.most)
        return low, high

    def places(self, order: Sequence[int], most: int = FAR) -> tuple[dict[int, int], int]:
        """Each buffer as low as it goes, one after the other; and the bytes of all. Ends early beyond
        `most`."""
        places: dict[int, int] = {}
        size = 0
        for index in order:
            places[index] = self.lowest(index, places)
            size = max(size, places[index] + self.sizes[index])
            if size > most:
                break
        return places, size

    def lowest(self, index: int, places: Mapping[int, int]) -> int:
        """The lowest place of a buffer among others."""
        taken = sorted(
            (places[other] + low, places[other] + high)
            for other, (low, high) in self.forbidden[index].items()
            if other in places and low < high
        )
        place = 0
        for low, high in taken:
            if low < place < high:
                place = aligned(high)
        return place


def _search(problem: _Problem, bound: int) -> Sequence[int]:
    """The order in which buffers are placed."""
    count = len(problem.buffers)
    starts = [
        sorted(range(count), key=lambda index: -problem.sizes[index]),
        sorted(range(count), key=lambda index: (problem.buffers[index].first, -problem.sizes[index])),
        sorted(range(count), key=lambda index: (-problem.buffers[index].last, -problem.sizes[index])),
    ]
    best = min(starts, key=lambda order: problem.places(order)[1])
    if problem.places(best)[1] == bound:
        return best
    return _exact(problem, best, bound) if count <= MOST_EXACT else _improved(problem, best, bound)


def _exact(problem: _Problem, best: Sequence[int], bound: int) -> Sequence[int]:
    """The best of all orders, by a search in depth that leaves out what cannot be better."""
    found, size = list(best), problem.places(best)[1]

    def extend(order: list[int], places: dict[int, int], top: int) -> Iterator[tuple[list[int], int]]:
        if len(order) == len(problem.buffers):
            yield order.copy(), top
            return
        for index in range(len(problem.buffers)):
            if index in places:
                continue
            place = problem.lowest(index, places)
            # In order of their places: the same placement in another order is not tried again.
            if order and (place, index) < (places[order[-1]], order[-1]):
                continue
            height = max(top, place + problem.sizes[index])
            if height < size:
                places[index] = place
                order.append(index)
                yield from extend(order, places, height)
                order.pop()
                del places[index]

    for order, height in extend([], {}, 0):
        if height < size:
            found, size = order, height
            if size == bound:
                break
    return found


def _improved(problem: _Problem, best: Sequence[int], bound: int) -> Sequence[int]:
    """A local search: what lies highest is placed earlier."""
    chance = random.Random(0)
    found, size = list(best), problem.places(best)[1]
    order, height = found, size
    for _ in range(min(MOST_ROUNDS, MOST_PLACES // len(found))):
        if size == bound:
            break
        places, _ = problem.places(order)
        top = [index for index in order if places[index] + problem.sizes[index] == height]
        tried = list(order)
        moved = chance.choice(top) if chance.random() < 0.7 else chance.choice(order)
        tried.remove(moved)
        tried.insert(chance.randrange(len(tried) + 1), moved)
        _, other = problem.places(tried)
        if other <= height or chance.random() < 0.02:
            order, height = tried, other
        if other < size:
            found, size = tried, other
    return found


def aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
