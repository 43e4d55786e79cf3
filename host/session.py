"""A conversation with one board: what runs there, and inferences, over a line that may fail in any way."""

import secrets
import struct
import time
import zlib
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass

from contract.protocol import (
    ERROR_HEADER,
    RESET_BODY,
    RESULT_HEADER,
    VERSION,
    ErrorCode,
    FrameType,
    HelloReply,
)
from host.boards import Board
from host.errors import BoardError
from host.frames import Frame, encode
from host.link import LineLostError, Link
from host.window import ANSWER_SECONDS, TRIES, Request, Window

HELLO_SECONDS = 2.0  # QEMU notices only after up to 1 s that its pty was opened
HELLO_TRIES = 3
SEQUENCES = 1 << 32
MAX_NOISE_SHOWN = 300  # characters in a message


@dataclass(frozen=True)
class Answer:
    """What the board computed from one input."""

    index: int  # of the input
    output: bytes
    ticks: int  # modulo 2^32
    retries: int


class Session:
    """Every method ends in an answer or a BoardError within bounded time, whatever the line delivers."""

    def __init__(self, board: Board, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._board = board
        self._link = Link(board.fileno())
        self._answer_seconds = answer_seconds
        # A random start keeps answers to an earlier session, still on the line, from being taken for ours.
        self._next_sequence = secrets.randbelow(SEQUENCES)
        self._images = 0
        self._answered = 0
        self.retries = 0  # requests sent again
        self.complaints = 0  # BAD_FRAME errors: frames that did not reach the board undamaged

    @property
    def noise_text(self) -> str:
        """The readable text that came between the frames."""
        return self._link.noise_text

    def hello(self) -> HelloReply:
        """Ask what runs on the board. BoardError where nothing answers or it speaks another version."""
        return self._read_hello_reply(self.ask(FrameType.HELLO, b"", FrameType.HELLO_REPLY))

    def reset(self) -> None:
        """Put the state of the model back to its beginning. BoardError where nothing answers."""
        token = RESET_BODY.pack(secrets.randbelow(SEQUENCES))
        self.ask(FrameType.RESET, token, FrameType.RESET_REPLY)

    def ask(self, kind: FrameType, body: bytes, reply: FrameType, seconds: float | None = None) -> bytes:
        """The body of the board's answer to a request that may be sent again, after `seconds` each time
        (HELLO_SECONDS if None). BoardError where nothing answers."""
        wait = HELLO_SECONDS if seconds is None else seconds
        sequence = self._take_sequence()
        encoded = encode(Frame(kind, sequence, body))
        for _ in range(HELLO_TRIES):
            self._link.send(encoded)
            give_up = time.monotonic() + wait
            while (left := give_up - time.monotonic()) > 0:
                for frame in self._receive(left):
                    if frame.sequence == sequence and frame.type == reply:
                        return frame.body
                    self._take_other(frame, expected=frame.sequence == sequence)
        raise self._failure(f"no answer within {HELLO_TRIES * wait:.0f} s: {self._board.why_silent()}")

    def _read_hello_reply(self, body: bytes) -> HelloReply:
        if body and body[0] != VERSION:
            raise self._failure(
                f"the board speaks version {body[0]} of the protocol, this host version {VERSION}; "
                "build and flash the firmware again with this version of the project"
            )
        try:
            reply = HelloReply.unpack(body)
        except (struct.error, ValueError) as error:
            raise self._failure(
                f"the board's description of itself makes no sense ({error}); flash the firmware again"
            ) from error
        if reply.frames_in_flight < 1 or reply.tick_hz < 1:
            raise self._failure(
                f"the board states {reply.frames_in_flight} frames in flight and {reply.tick_hz} ticks a "
                "second; both must be at least 1: correct board_info in its firmware"
            )
        return reply

    def infer(self, inputs: Iterable[bytes], board: HelloReply, reset: bool = True) -> Iterator[Answer]:
        """Send `inputs` (the bytes of the model's inputs each) and yield their answers as they come.

        Answers come in the order of the inputs, except where frames were lost. The state of a model
        that has one is put back, if `reset`, and it gets one input at a time, since a lost one would change
        what follows. BoardError where the line or the board fails.
        """
        self._images, self._answered = len(inputs) if isinstance(inputs, Sized) else 0, 0
        output_bytes = board.output_bytes
        upcoming = enumerate(inputs)
        if board.stateful and reset:
            self.reset()
        in_flight = 1 if board.stateful else board.frames_in_flight
        window = Window(in_flight, self._answer_seconds, time.monotonic())
        while True:
            while window.has_room and (following := next(upcoming, None)):
                self._send(self._new_request(*following), window)
            if window.is_empty:
                return
            progress = False
            for frame in self._receive(window.seconds_to_wait(time.monotonic())):
                request = window.get(frame.sequence)
                if request is None or not _is_result_of(request, frame):
                    self._take_other(frame, expected=request is not None)
                    continue
                answer = self._read_result(frame.body, request, output_bytes)
                for lost in window.answered(request, time.monotonic()):
                    self._send(lost, window)
                self._answered += 1
                progress = True
                yield answer
            if not progress:
                self._look_at_the_clock(window)

    def _look_at_the_clock(self, window: Window) -> None:
        now = time.monotonic()
        if seconds := window.silent_for(now):
            raise self._failure(f"no answer for {seconds:.0f} s: {self._board.why_silent()}")
        if late := window.take_overdue(now):
            self._send(late, window)

    def _new_request(self, index: int, data: bytes) -> Request:
        sequence = self._take_sequence()
        return Request(index, sequence, encode(Frame(FrameType.INFER, sequence, data)), zlib.crc32(data))

    def _send(self, request: Request, window: Window) -> None:
        if request.tries == TRIES:
            raise self._failure(
                f"image {request.index} was sent {TRIES} times and never answered, while others were "
                f"({self.complaints} frames reached the board damaged); the line loses too much: try another "
                "cable or port"
            )
        self.retries += request.tries > 0
        self._link.send(request.encoded)
        window.sent(request, time.monotonic())

    def _read_result(self, body: bytes, request: Request, output_bytes: int) -> Answer:
        output = body[RESULT_HEADER.size :]
        if len(output) != output_bytes:
            raise self._failure(
                f"the board answered image {request.index} with {len(output)} bytes, its outputs have "
                f"{output_bytes}; build and flash the firmware again"
            )
        _, ticks = RESULT_HEADER.unpack_from(body)
        return Answer(request.index, output, ticks, request.tries - 1)

    def _take_other(self, frame: Frame, expected: bool) -> None:
        """Any frame but the answer hoped for. `expected`: its sequence number is an open request's."""
        if frame.type != FrameType.ERROR or not frame.body:
            return  # a late answer to what was sent again, or to an earlier session
        code = frame.body[0]
        if code == ErrorCode.BAD_FRAME:
            self.complaints += 1
        elif expected:
            text = _one_line(frame.body[ERROR_HEADER.size :].decode("ascii", "replace"))
            meaning = _MEANINGS.get(code, f"the board reports the unknown error {code}")
            raise self._failure(f"{meaning}: {text or 'no text'}")

    def _receive(self, seconds: float) -> list[Frame]:
        try:
            return self._link.receive(seconds)
        except LineLostError:
            raise self._failure(self._board.why_lost()) from None

    def _take_sequence(self) -> int:
        sequence = self._next_sequence
        self._next_sequence = (sequence + 1) % SEQUENCES
        return sequence

    def _failure(self, message: str) -> BoardError:
        where = f"after {self._answered:,} of {self._images:,} images: " if self._images else ""
        noise = _one_line(self.noise_text)[:MAX_NOISE_SHOWN]
        return BoardError(where + message + (f"; text on the line: {noise}" if noise else ""))


_MEANINGS: dict[int, str] = {
    ErrorCode.UNKNOWN_TYPE: "the firmware does not know a request of this host; build and flash it again",
    ErrorCode.WRONG_LENGTH: "the firmware expects an input of another length; build and flash it again",
    ErrorCode.ENGINE_FAILED: "the engine on the board failed",
    ErrorCode.OUT_OF_ORDER: "the board lost its place in an inference, most likely by a reset; run it again",
}


def _is_result_of(request: Request, frame: Frame) -> bool:
    return (
        frame.type == FrameType.RESULT
        and len(frame.body) >= RESULT_HEADER.size
        and RESULT_HEADER.unpack_from(frame.body)[0] == request.input_crc
    )


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
