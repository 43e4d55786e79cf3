"""A line between host and board that does to bytes what bad cables, adapters and drivers do."""

import os
import random as randomness
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# What can happen to a byte.
FLIP, DROP, REPEAT, INSERT, BURST = "flip", "drop", "repeat", "insert", "burst"
# What can happen to a run of bytes, which does no harm to a host that does not count on time or pieces.
DELAY, SPLIT, STALL = "delay", "split", "stall"
DAMAGES = (FLIP, DROP, REPEAT, INSERT, BURST)
BURST_BYTES = 12


@dataclass
class Faults:
    """`rate`: damages a byte, of all `kinds` together; `stalls`: how often a run of bytes waits long."""

    rate: float
    kinds: tuple[str, ...] = DAMAGES
    seed: int = 0
    split: bool = False
    stall_seconds: float = 0.0
    stalls: float = 0.0
    injected: int = 0
    carried: int = 0  # bytes that came into the line, both ways
    random: randomness.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = randomness.Random(self.seed)

    def applied(self, data: bytes) -> bytes:
        """What comes out where `data` went in."""
        self.carried += len(data)
        if not self.rate:
            return data
        out = bytearray()
        start = 0
        while True:
            at = start + int(self.random.expovariate(self.rate))
            if at >= len(data):
                return bytes(out + data[start:])
            out += data[start:at]
            self.injected += 1
            start = at + self._damage(data, at, out)

    def _damage(self, data: bytes, at: int, out: bytearray) -> int:
        """Add what becomes of the byte at `at`; how many bytes were taken."""
        kind = self.random.choice(self.kinds)
        byte = data[at]
        if kind == FLIP:
            out.append(byte ^ 1 << self.random.randrange(8))
        elif kind == REPEAT:
            out += bytes([byte, byte])
        elif kind == INSERT:
            out += bytes([self.random.randrange(256), byte])
        elif kind == BURST:
            size = min(self.random.randrange(1, BURST_BYTES), len(data) - at)
            out += self.random.randbytes(size)
            return size
        return 1


class Ended:
    """A board behind a noisy line, as the host sees it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.name = "a board behind a noisy line"

    def fileno(self) -> int:
        return self._descriptor

    def why_lost(self) -> str:
        return "the line ended"

    def why_silent(self) -> str:
        return "nothing answers"


@contextmanager
def noisy(descriptor: int, faults: Faults) -> Iterator[Ended]:
    """The host's end of a line to the board at `descriptor`."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    os.set_blocking(descriptor, False)
    stop = threading.Event()
    relay = threading.Thread(target=_relay, args=(theirs, descriptor, faults, stop), daemon=True)
    relay.start()
    try:
        yield Ended(ours.fileno())
    finally:
        stop.set()
        relay.join()
        ours.close()
        theirs.close()


def _relay(host: socket.socket, board: int, faults: Faults, stop: threading.Event) -> None:
    waiting = {board: bytearray(), host.fileno(): bytearray()}  # by where it goes
    other = {board: host.fileno(), host.fileno(): board}
    while not stop.is_set():
        writers = [end for end, rest in waiting.items() if rest]
        readable, writable, _ = select.select([board, host.fileno()], writers, [], 0.05)
        for end in readable:
            try:
                data = os.read(end, 4096)
            except OSError:
                return
            if not data:
                return
            if faults.stalls and faults.random.random() < faults.stalls:
                time.sleep(faults.stall_seconds)
            waiting[other[end]] += faults.applied(data)
        for end in writable:
            size = len(waiting[end])
            if faults.split:
                size = faults.random.randint(1, min(size, 64))
            try:
                del waiting[end][: os.write(end, waiting[end][:size])]
            except BlockingIOError:
                continue
            except OSError:
                return
