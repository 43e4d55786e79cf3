"""The line to one board: frames both ways, what was heard of damage, and errors that say what was seen."""

from contract.protocol import ERROR_HEADER, ErrorCode, FrameType
from contract.text import printable
from host.boards import Board
from host.errors import BoardError, LineLostError
from host.frames import Frame, encode
from host.link import HungUpError, Link
from host.quality import LineQuality

QUIET_SECONDS = 0.005  # without a byte, after which damage that was heard of is over
MAX_NOISE_SHOWN = 300  # characters in a message
TRY = "try another cable or port, or a lower baud rate"

_MEANINGS: dict[int, str] = {
    ErrorCode.UNKNOWN_TYPE: "the firmware does not know a request of this host; build and flash it again",
    ErrorCode.WRONG_LENGTH: "the firmware expects an input of another length; build and flash it again",
    ErrorCode.ENGINE_FAILED: "the engine on the board failed",
    ErrorCode.OUT_OF_ORDER: "the board lost its place in an inference, most likely by a reset; run it again",
}


class Line:
    """What is said on it is counted. Damage is heard of in two ways: the board complains of a frame that is
    none, or bytes come from it that are none."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._link = Link(board.fileno())
        self.quality = LineQuality()
        self.retries = 0  # requests sent again
        self.complaints = 0  # BAD_FRAME errors: frames that did not reach the board undamaged
        self.images = 0  # of the run, for messages; 0 where that is not known
        self.answered = 0
        self._heard = 0  # of damage, when something was sent last
        self._moved = (0, 0)  # bytes received and sent, when that was looked at last

    def send(self, kind: FrameType, sequence: int, body: bytes) -> None:
        self.send_encoded(encode(Frame(kind, sequence, body)))

    def send_encoded(self, encoded: bytes) -> None:
        """Send a frame. What was heard of damage until now is answered by it."""
        self._link.send(encoded)
        self._heard = self.heard

    def receive(self, seconds: float) -> list[Frame]:
        """The frames that come within `seconds`, or soon where damage was heard of. An empty list does not
        mean that the time is over."""
        wait = min(seconds, QUIET_SECONDS) if self.heard > self._heard else seconds
        try:
            return self._link.receive(max(0.0, wait))
        except HungUpError:
            raise self.lost(self.board.why_lost()) from None

    @property
    def heard(self) -> int:
        """How often damage was heard of."""
        return self.complaints + self._link.noise_chunks

    def is_damaged(self) -> bool:
        """Whether damage was heard of since something was sent, and the line has been quiet since the last
        time that this was asked: what follows from one fault comes close together, and costs one request."""
        moved = self._link.bytes_received, self._link.bytes_sent
        quiet = moved == self._moved
        self._moved = moved
        return quiet and self.heard > self._heard

    def take_other(self, frame: Frame, expected: bool) -> None:
        """Any frame but the answer hoped for. `expected`: its sequence number is an open request's.
        BoardError where it says that the request failed."""
        if frame.type != FrameType.ERROR or not frame.body:
            return  # a late answer to what was sent again, or to an earlier session
        code = frame.body[0]
        if code == ErrorCode.BAD_FRAME:
            self.complaints += 1
        elif expected:
            text = _one_line(printable(frame.body[ERROR_HEADER.size :].decode("ascii", "replace")))
            meaning = _MEANINGS.get(code, f"the board reports the unknown error {code}")
            raise self.failure(f"{meaning}: {text or 'no text'}")

    def failure(self, message: str) -> BoardError:
        """The error to end with: how far the run was, `message`, and what was seen of the line."""
        return BoardError(self._told(message))

    def lost(self, message: str) -> LineLostError:
        """The same where the board may come back."""
        return LineLostError(self._told(message))

    def _told(self, message: str) -> str:
        where = f"after {self.answered:,} of {self.images:,} images: " if self.images else ""
        noise = _one_line(self.noise_text)[:MAX_NOISE_SHOWN]
        text = f"; text on the line: {noise}" if noise else ""
        return where + message + self._faults_text + text

    @property
    def noise_text(self) -> str:
        """The readable text that came between the frames."""
        return self._link.noise_text

    @property
    def _faults_text(self) -> str:
        """What was seen of a bad line; empty where it was a good one."""
        if not self.complaints and not self.retries:
            return ""
        one_in = f", about one fault in {1 / self.quality.rate:,.0f} bytes" if self.quality.rate else ""
        return (
            f"; {self.complaints:,} frames reached the board damaged, {self._link.noise_chunks:,} runs of "
            f"bytes came from it that are no frames, {self.retries:,} requests were sent again{one_in}"
        )


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
