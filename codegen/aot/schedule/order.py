"""The order of the calls that needs the least memory at once, over any directed acyclic graph."""

import heapq
from collections.abc import Sequence

from codegen.aot.call import Alias, KernelCall
from codegen.aot.overlap import common_bytes
from codegen.aot.schedule.arena import ALIGNMENT, aligned
from contract.graph import Model

Call = KernelCall | Alias

MOST_STATES = 20_000  # that are looked at before the file's order is kept


def order(model: Model, calls: Sequence[Call]) -> list[Call]:
    """The calls in an order with the smallest sum of live activations and scratch; their own where that is as
    good, or where the search takes too long.

    States are sets of finished calls; the way to all of them whose greatest sum is smallest is found like a
    shortest path, nearest first.
    """
    graph = _Dependencies(model, calls)
    if graph.is_chain:
        return list(calls)
    own = graph.peak(range(len(calls)))
    heap: list[tuple[int, int, int, tuple[int, ...]]] = [(0, 0, 0, ())]  # peak, -done, which, order
    seen: set[int] = set()
    everything = (1 << len(calls)) - 1
    while heap and len(seen) < MOST_STATES:
        peak, _, done, path = heapq.heappop(heap)
        if peak >= own:
            break
        if done == everything:
            return [calls[place] for place in path]
        if done in seen:
            continue
        seen.add(done)
        for place in graph.ready(done):
            after = done | 1 << place
            higher = max(peak, graph.bytes_during(place, done))
            heapq.heappush(heap, (higher, -len(path) - 1, after, (*path, place)))
    return list(calls)


class _Dependencies:
    """Which calls must be finished before which, and what is alive when."""

    def __init__(self, model: Model, calls: Sequence[Call]) -> None:
        self._model = model
        self._calls = calls
        self._buffer: dict[int, int] = {}  # of each tensor: the tensor whose memory it has
        writers: dict[int, list[int]] = {}
        self._readers: dict[int, set[int]] = {}
        self.before = [0] * len(calls)  # bits of calls
        for place, call in enumerate(calls):
            for index in call.inputs:
                if model.tensors[index].data is not None:
                    continue
                self.before[place] |= sum(1 << writer for writer in writers.get(index, ()))
                self._readers.setdefault(self._root(index), set()).add(place)
            for index in call.outputs:
                if isinstance(call, Alias):
                    self._buffer[index] = self._root(call.inputs[0])
                # Several calls write parts of one output, in their order.
                self.before[place] |= sum(1 << writer for writer in writers.get(index, ()))
                if model.tensors[index].is_variable:  # what reads the value before it must have read it
                    self.before[place] |= sum(1 << reader for reader in self._readers.get(index, ()))
                writers.setdefault(index, []).append(place)
        variables = {tensor.index for tensor in model.tensors if tensor.is_variable}
        self._kept = {self._root(index) for index in model.outputs} | variables
        self._written = {
            index: sum(1 << writer for writer in found)
            for index, found in writers.items()
            if index not in self._buffer
        } | {self._root(index): 0 for index in (*model.inputs, *variables)}

    @property
    def is_chain(self) -> bool:
        """Whether each call reads what the one before it wrote, so that there is one order alone."""
        return all(self.before[place] >> (place - 1) & 1 for place in range(1, len(self._calls)))

    def _root(self, index: int) -> int:
        return self._buffer.get(index, index)

    def ready(self, done: int) -> list[int]:
        return [
            place for place, before in enumerate(self.before) if not done >> place & 1 and not before & ~done
        ]

    def _bytes(self, index: int) -> int:
        return aligned(self._model.tensors[index].bytes)

    def _alive(self, index: int, done: int) -> bool:
        """Whether a tensor is written and still needed."""
        if self._written[index] and not self._written[index] & done:
            return False
        readers = self._readers.get(index, set())
        return index in self._kept or any(not done >> reader & 1 for reader in readers)

    def bytes_during(self, place: int, done: int) -> int:
        """What a call needs while the calls in `done` are finished: live tensors, its outputs and scratch,
        less what may lie over an input that it is the last to read."""
        call = self._calls[place]
        alive = {index for index in self._written if self._alive(index, done)}
        needed = sum(self._bytes(index) for index in alive)
        if isinstance(call, Alias):
            return needed
        new = [index for index in call.outputs if self._root(index) not in alive]
        needed += sum(self._bytes(index) for index in new) + call.scratch
        if len(new) != 1:
            return needed
        after = done | 1 << place
        saved = 0
        for index, overlap in call.overlaps.items():
            source = self._root(index)
            if source in alive and not self._alive(source, after):
                common = common_bytes(self._bytes(new[0]), self._bytes(source), overlap, ALIGNMENT)
                saved += common
        return needed - min(saved, self._bytes(new[0]))

    def peak(self, places: Sequence[int]) -> int:
        """The most bytes that the calls need in this order."""
        done, most = 0, 0
        for place in places:
            most = max(most, self.bytes_during(place, done))
            done |= 1 << place
        return most
