"""Which requests are under way, and when one of them counts as lost.

A serial line keeps the order and the board answers one request after the other, so an answer proves that
requests sent before its own are lost if they are still open: these are sent again at once. The wait for an
answer therefore concerns the oldest open request alone, and is counted from the moment when the board could
begin with it. docs/protocol.md states the rules for people.
"""

from dataclasses import dataclass, field

from contract.protocol import RESULT_HEADER, FrameType
from host.frames import Frame

ANSWER_SECONDS = 5.0  # the wait for the first answer, when no inference was measured yet
SHORTEST_WAIT = 2.0  # seconds; a busy machine can hold back an emulator for more than one
MARGIN = 4  # the wait for a later answer, in longest measured waits
TRIES = 8  # of one request
SILENCE = 2  # first waits without any answer, after which the board is given up


@dataclass
class Request:
    """One input on its way to the board."""

    index: int  # of the input
    sequence: int
    data: bytes = field(repr=False)  # the bytes of the model's inputs
    encoded: bytes = field(repr=False)  # the frame
    input_crc: int
    tries: int = 0
    damages: int = 0  # how many of them were made since the line was heard to have damaged something
    sent_at: float = 0.0  # seconds, the last time
    first_sent: int = 0  # its first transmission's number among all transmissions
    last_sent: int = 0


def is_result_of(request: Request, frame: Frame) -> bool:
    """Whether the frame is the answer to the request, whose sequence number it has."""
    return (
        frame.type == FrameType.RESULT
        and len(frame.body) >= RESULT_HEADER.size
        and RESULT_HEADER.unpack_from(frame.body)[0] == request.input_crc
    )


class Window:
    """The open requests. Times are monotonic seconds and come from the caller."""

    def __init__(self, size: int, answer_seconds: float, now: float) -> None:
        """`size`: frames in flight, at least 1; `answer_seconds`: the wait for the first answer."""
        self._size = size
        self._first_wait = answer_seconds
        self._later_wait: float | None = None
        self._backoff = 1  # doubles with each time-out, until an answer shows how long the board takes
        self._last_answer = now
        self._transmissions = 0
        self._open: dict[int, Request] = {}  # by sequence number, in the order of their last transmission

    @property
    def has_room(self) -> bool:
        return len(self._open) < self._size

    @property
    def is_empty(self) -> bool:
        return not self._open

    def get(self, sequence: int) -> Request | None:
        """The open request with this sequence number."""
        return self._open.get(sequence)

    def sent(self, request: Request, now: float) -> None:
        """Note that `request` went out, for the first time or again."""
        self._transmissions += 1
        self._open.pop(request.sequence, None)
        self._open[request.sequence] = request
        request.tries += 1
        request.sent_at = now
        request.last_sent = self._transmissions
        if request.tries == 1:
            request.first_sent = self._transmissions

    def take_damaged(self) -> Request | None:
        """The oldest open request, to be sent again since the line was heard to have damaged something."""
        if not self._open:
            return None
        self._oldest.damages += 1
        return self._oldest

    @property
    def most_damages(self) -> int:
        """Of one open request."""
        return max((request.damages for request in self._open.values()), default=0)

    def take_all(self) -> list[Request]:
        """All open requests in the order of their inputs; none is open any more."""
        taken = sorted(self._open.values(), key=lambda request: request.index)
        self._open.clear()
        return taken

    @property
    def wait(self) -> float:
        """Seconds to wait for an answer."""
        return self._first_wait if self._later_wait is None else self._later_wait

    def answered(self, request: Request, now: float) -> list[Request]:
        """Close `request` and return the open ones that its answer proves lost."""
        del self._open[request.sequence]
        if request.tries == 1:  # else it is not known which transmission was answered
            measured = now - max(request.sent_at, self._last_answer)
            self._later_wait = max(SHORTEST_WAIT, MARGIN * measured, self._later_wait or 0.0)
            self._backoff = 1
        self._last_answer = now
        return [other for other in self._open.values() if other.last_sent < request.first_sent]

    @property
    def _oldest(self) -> Request:
        return next(iter(self._open.values()))

    @property
    def _overdue_at(self) -> float:
        oldest = self._oldest
        return max(oldest.sent_at, self._last_answer) + self.wait * self._backoff

    @property
    def _silent_at(self) -> float:
        return self._last_answer + SILENCE * max(self._first_wait, self._later_wait or 0.0)

    def seconds_to_wait(self, now: float) -> float:
        """How long until `take_overdue` or `silent_for` has something to say. Not for an empty window."""
        return max(0.0, min(self._overdue_at, self._silent_at) - now)

    def take_overdue(self, now: float) -> Request | None:
        """The oldest open request if its time is over, to be sent again; the wait doubles."""
        if not self._open or now < self._overdue_at:
            return None
        self._backoff *= 2
        return self._oldest

    def silent_for(self, now: float) -> float | None:
        """Seconds since the last answer, once these are too many to go on."""
        return now - self._last_answer if self._open and now >= self._silent_at else None
