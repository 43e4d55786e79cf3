"""Places buffers in one arena so that those alive together share no byte, but where a kernel allows it."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codegen.aot.overlap import FAR, Overlap, common_bytes

ALIGNMENT = 8
MOST_EXACT = 10  # buffers for which every order is tried
MOST_ROUNDS = 400  # of the search for more buffers
MOST_PLACES = 100_000  # that the local search works out in all


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
    """
    problem = _Problem(buffers, overlaps or {})
    needs = problem.needs()
    peak = max(needs, key=lambda moment: (needs[moment], -moment), default=0)
    bound = needs.get(peak, 0)
    order = _search(problem, bound)
    places, size = problem.places(order)
    in_order = tuple(places[index] for index in range(len(buffers)))
    return Arena(tuple(buffers), in_order, size, bound, peak, needs)


class _Problem:
    """What each buffer must stay away from, as intervals of places that it cannot have."""

    def __init__(self, buffers: Sequence[Buffer], overlaps: Overlaps) -> None:
        self.sizes = [aligned(buffer.bytes) for buffer in buffers]
        self.buffers = buffers
        self.overlaps = overlaps
        self.inputs: dict[int, list[int]] = {}  # that each output may reach into
        for output, input in overlaps:
            self.inputs.setdefault(output, []).append(input)
        # For each buffer and each that it meets: the forbidden distances from that one, both ends excluded.
        self.forbidden: list[dict[int, tuple[int, int]]] = [
            {
                other: self._forbidden(index, other)
                for other in range(len(buffers))
                if other != index and buffers[other].meets(buffers[index])
            }
            for index in range(len(buffers))
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

    def needs(self) -> dict[int, int]:
        """The bytes that each call needs at least at which a buffer begins: what is alive, where an output
        may lie over an input counted once."""
        needs = {}
        for moment in sorted({buffer.first for buffer in self.buffers}):
            alive = [index for index, one in enumerate(self.buffers) if one.first <= moment <= one.last]
            needs[moment] = sum(self.sizes[index] for index in alive) - self._saved(alive)
        return needs

    def _saved(self, alive: Sequence[int]) -> int:
        """The most bytes that can lie over each other."""
        saved = 0
        for output in alive:
            inputs = self.inputs.get(output, ())
            # An output may reach into several inputs, each byte of it into one.
            saved += min(
                self.sizes[output], sum(self._common(output, input) for input in inputs if input in alive)
            )
        return saved

    def _common(self, output: int, input: int) -> int:
        """The most bytes of an output and an input that may be the same."""
        return common_bytes(self.sizes[output], self.sizes[input], self.overlaps[output, input], ALIGNMENT)


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
