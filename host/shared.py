"""One run on several boards: each takes the next input when it has room, and others take what it leaves."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from contract.errors import UserError
from contract.protocol import HelloReply
from host.display import progress
from host.session import Answer, Session

JOIN_SECONDS = 0.1  # between two looks at Ctrl-C

Connect = Callable[[str | None], AbstractContextManager[tuple[Session, HelloReply]]]


class Run(Protocol):
    """What is asked, and where answers go."""

    inputs: list[bytes]
    answered: dict[int, Answer]
    seconds: float

    def take(self, answer: Answer) -> None: ...

    @property
    def missing(self) -> list[int]: ...


class _Inputs:
    """What is still to be asked. Its methods may be called from any thread."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.lock = threading.Lock()
        self._waiting = deque(run.missing)

    def taken(self, indices: list[int]) -> Iterator[bytes]:
        """The inputs that one board gets, whose positions go to `indices`."""
        while True:
            with self.lock:
                if not self._waiting:
                    return
                index = self._waiting.popleft()
                indices.append(index)
            yield self.run.inputs[index]

    def left(self, indices: list[int]) -> None:
        """A board is gone: others take what it has not answered."""
        with self.lock:
            self._waiting.extendleft(index for index in indices if index not in self.run.answered)

    def stop(self) -> None:
        with self.lock:
            self._waiting.clear()


def share(run: Run, connect: Connect, ports: Sequence[str | None]) -> None:
    """Ask for all that is missing in `run` on the boards at `ports`. Boards that fail drop out, and say so on
    stderr; UserError, that of the last one, where none is left. A model with a state is refused: its sequence
    belongs on one board."""
    start = time.monotonic()
    boards = dict(enumerate(ports, 1))
    tally = dict.fromkeys(boards, 0)
    try:
        with progress(len(run.inputs)) as show:
            while run.missing:
                failed = _round(run, connect, boards, tally, show)
                for number, error in failed.items():
                    del boards[number]
                    if not boards:
                        raise error
                    print(f"board {number} drops out: {error}", file=sys.stderr)
    finally:
        run.seconds += time.monotonic() - start
    for number, count in tally.items():
        print(f"board {number}: {count:,} images", file=sys.stderr)


def _round(
    run: Run,
    connect: Connect,
    boards: dict[int, str | None],
    tally: dict[int, int],
    show: Callable[[int, int], None],
) -> dict[int, UserError]:
    """Ask until nothing is left to take; the boards that failed, and how."""
    inputs = _Inputs(run)
    failed: dict[int, UserError] = {}

    def work(number: int, port: str | None) -> None:
        indices: list[int] = []
        try:
            with connect(port) as (session, hello):
                if hello.stateful:
                    raise UserError("the model has a state, whose sequence belongs on one board; name one")
                for one in session.infer(inputs.taken(indices), hello):
                    with inputs.lock:
                        run.take(replace(one, index=indices[one.index]))
                        tally[number] += 1
                        show(len(run.answered), session.retries)
        except UserError as error:
            inputs.left(indices)
            failed[number] = error

    threads = [threading.Thread(target=work, args=one, daemon=True) for one in boards.items()]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(JOIN_SECONDS)
    except BaseException:
        inputs.stop()
        for thread in threads:
            thread.join()
        raise
    return failed
