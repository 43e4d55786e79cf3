"""The order of the calls that needs the least memory at once, over any directed acyclic graph."""

import heapq
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from codegen.aot.call import Alias, KernelCall
from codegen.aot.overlap import common_bytes
from codegen.aot.schedule.arena import ALIGNMENT, aligned
from contract.graph import Model

Call = KernelCall | Alias

# What is looked at before the file's order is kept: states, and what is kept of the calls that may come next.
MOST_STATES = 20_000
MOST_READY = 2_000_000


@dataclass(frozen=True)
class _Step:
    """The last call of a way to a state, behind those before it."""

    place: int
    before: "_Step | None"


def order(model: Model, calls: Sequence[Call]) -> list[Call]:
    """The calls in an order with the smallest sum of live activations and scratch; their own where that is as
    good, or where the search takes too long.

    States are sets of finished calls; the way to all of them whose greatest sum is smallest is found like a
    shortest path, nearest first. A call that needs no more than was needed before, and leaves no more alive
    than it found, comes next without a choice: whatever follows, it only has more room.
    """
    graph = _Dependencies(model, calls)
    if graph.is_chain:
        return list(calls)
    own = graph.peak(range(len(calls)))
    count = itertools.count()  # where all else is equal, what was found first
    everything = (1 << len(calls)) - 1
    # Peak, -number done, count, which are done, bytes alive, which are ready, the way.
    heap: list[tuple[int, int, int, int, int, tuple[int, ...], _Step | None]] = [
        (0, 0, next(count), 0, graph.alive_bytes(0), graph.ready(0), None)
    ]
    seen: set[int] = set()
    kept = 0
    while heap and len(seen) < MOST_STATES and kept < MOST_READY:
        peak, number, _, done, alive, ready, way = heapq.heappop(heap)
        if peak >= own:
            break
        if done == everything:
            return [calls[place] for place in _places(way)]
        if done in seen:
            continue
        seen.add(done)
        found = [(place, *graph.bytes_during(place, done, alive)) for place in ready]
        free = next((one for one in found if one[1] <= peak and one[2] <= alive), None)
        next_calls = [free] if free else found
        kept += len(ready) * len(next_calls)
        for place, during, left in next_calls:
            after = done | 1 << place
            following = graph.ready_after(place, ready, after)
            higher, step = max(peak, during), _Step(place, way)
            heapq.heappush(heap, (higher, number - 1, next(count), after, left, following, step))
    return list(calls)


def _places(way: _Step | None) -> list[int]:
    places = []
    while way is not None:
        places.append(way.place)
        way = way.before
    return places[::-1]


class _Dependencies:
    """Which calls must be finished before which, and what is alive when."""

    def __init__(self, model: Model, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._buffer: dict[int, int] = {}  # of each tensor: the tensor whose memory it has
        writers: dict[int, int] = {}  # of each tensor, bits of calls
        readers: dict[int, int] = {}
        self.before = [0] * len(calls)  # bits of calls
        for place, call in enumerate(calls):
            for index in call.inputs:
                if model.tensors[index].data is not None:
                    continue
                self.before[place] |= writers.get(index, 0)
                readers[self._root(index)] = readers.get(self._root(index), 0) | 1 << place
            for index in call.outputs:
                if isinstance(call, Alias):
                    self._buffer[index] = self._root(call.inputs[0])
                # Several calls write parts of one output, in their order.
                self.before[place] |= writers.get(index, 0)
                if model.tensors[index].is_variable:  # what reads the value before it must have read it
                    self.before[place] |= readers.get(index, 0)
                writers[index] = writers.get(index, 0) | 1 << place
        variables = {tensor.index for tensor in model.tensors if tensor.is_variable}
        self._kept = {self._root(index) for index in model.outputs} | variables
        self._written = {index: found for index, found in writers.items() if index not in self._buffer} | {
            self._root(index): 0 for index in (*model.inputs, *variables)
        }
        self._read = {index: readers.get(index, 0) for index in self._written}
        self._bytes = {index: aligned(model.tensors[index].bytes) for index in self._written}
        self._touched = [
            {root for index in (*call.inputs, *call.outputs) if (root := self._root(index)) in self._written}
            for call in calls
        ]
        self._behind: list[list[int]] = [[] for _ in calls]
        for place, before in enumerate(self.before):
            while before:
                self._behind[(before & -before).bit_length() - 1].append(place)
                before &= before - 1

    @property
    def is_chain(self) -> bool:
        """Whether each call reads what the one before it wrote, so that there is one order alone."""
        return all(self.before[place] >> (place - 1) & 1 for place in range(1, len(self._calls)))

    def _root(self, index: int) -> int:
        return self._buffer.get(index, index)

    def ready(self, done: int) -> tuple[int, ...]:
        """Which calls may come next."""
        return tuple(
            place for place, before in enumerate(self.before) if not done >> place & 1 and not before & ~done
        )

    def ready_after(self, place: int, ready: tuple[int, ...], done: int) -> tuple[int, ...]:
        """The same once the call at `place`, one of `ready`, is finished, too."""
        freed = (after for after in self._behind[place] if not self.before[after] & ~done)
        return tuple(sorted({*ready, *freed} - {place}))

    def _alive(self, index: int, done: int) -> bool:
        """Whether a tensor is written and still needed."""
        written = self._written.get(index)
        if written is None:  # a constant
            return False
        if written and not written & done:
            return False
        return index in self._kept or bool(self._read[index] & ~done)

    def alive_bytes(self, done: int) -> int:
        """The bytes of all tensors that are alive."""
        return sum(self._bytes[index] for index in self._written if self._alive(index, done))

    def bytes_during(self, place: int, done: int, alive: int) -> tuple[int, int]:
        """What a call needs while the calls in `done` are finished, whose tensors take `alive` bytes: these,
        its outputs and scratch, less what may lie over an input that it is the last to read. And what is
        alive behind it."""
        call, after = self._calls[place], done | 1 << place
        left = alive
        for index in self._touched[place]:
            left += (self._alive(index, after) - self._alive(index, done)) * self._bytes[index]
        if isinstance(call, Alias):
            return alive, left
        new = [index for index in call.outputs if not self._alive(self._root(index), done)]
        sizes = [self._bytes[self._root(index)] for index in new]
        needed = alive + sum(sizes) + call.scratch
        if len(new) != 1:
            return needed, left
        saved = 0
        for index, overlap in call.overlaps.items():
            source = self._root(index)
            if self._alive(source, done) and not self._alive(source, after):
                saved += common_bytes(sizes[0], self._bytes[source], overlap, ALIGNMENT)
        return needed - min(saved, sizes[0]), left

    def peak(self, places: Sequence[int]) -> int:
        """The most bytes that the calls need in this order."""
        done, most, alive = 0, 0, self.alive_bytes(0)
        for place in places:
            during, alive = self.bytes_during(place, done, alive)
            most = max(most, during)
            done |= 1 << place
        return most
