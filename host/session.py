"""A conversation with one board: what runs there, and inferences, over a line that may fail in any way."""

import itertools
import secrets
import struct
import time
import zlib
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass

from contract.protocol import RESET_BODY, RESULT_HEADER, VERSION, FrameType, HelloReply
from host.boards import Board
from host.frames import Frame, encode
from host.line import TRY, Line
from host.transfer import PATIENCE_SECONDS, Transfer
from host.window import ANSWER_SECONDS, TRIES, Request, Window, is_result_of

HELLO_SECONDS = 2.0  # QEMU notices only after up to 1 s that its pty was opened
HELLO_TRIES = 3
SEQUENCES = 1 << 32
DAMAGES = 3  # of one request, from which on it goes in parts


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
        self._line = Line(board)
        self._answer_seconds = answer_seconds
        # A random start keeps answers to an earlier session, still on the line, from being taken for ours.
        self._next_sequence = secrets.randbelow(SEQUENCES)

    @property
    def noise_text(self) -> str:
        """The readable text that came between the frames."""
        return self._line.noise_text

    @property
    def retries(self) -> int:
        """Requests that were sent again."""
        return self._line.retries

    @property
    def complaints(self) -> int:
        """Frames that did not reach the board undamaged."""
        return self._line.complaints

    @property
    def fault_rate(self) -> float:
        """Faults a byte on the line, as far as can be told."""
        return self._line.quality.rate

    def hello(self) -> HelloReply:
        """Ask what runs on the board. BoardError where nothing answers or it speaks another version."""
        return self._read_hello_reply(self.ask(FrameType.HELLO, b"", FrameType.HELLO_REPLY))

    def reset(self) -> None:
        """Put the state of the model back to its beginning. BoardError where nothing answers."""
        token = RESET_BODY.pack(secrets.randbelow(SEQUENCES))
        self.ask(FrameType.RESET, token, FrameType.RESET_REPLY)

    def ask(self, kind: FrameType, body: bytes, reply: FrameType, seconds: float | None = None) -> bytes:
        """The body of the board's answer to a request that may be sent again: at once where damage was heard
        of, else after `seconds` (HELLO_SECONDS if None). BoardError where nothing answers."""
        wait = HELLO_SECONDS if seconds is None else seconds
        sequence = self._take_sequence()
        encoded = encode(Frame(kind, sequence, body))
        begin = alive = time.monotonic()  # a board that complains is alive
        while True:
            self._line.send_encoded(encoded)
            give_up = time.monotonic() + wait
            while (left := give_up - time.monotonic()) > 0:
                complaints = self.complaints
                for frame in self._line.receive(left):
                    if frame.sequence == sequence and frame.type == reply:
                        return frame.body
                    self._line.take_other(frame, expected=frame.sequence == sequence)
                if self.complaints > complaints:
                    alive = time.monotonic()
                if self._line.is_damaged():
                    self._line.quality.lost(len(encoded))
                    break
            now = time.monotonic()
            if now - alive > (HELLO_TRIES - 0.5) * wait or now - begin > max(
                PATIENCE_SECONDS, HELLO_TRIES * wait
            ):
                silent = self._line.board.why_silent()
                raise self._line.lost(f"no answer within {now - begin:.0f} s: {silent}")

    def _read_hello_reply(self, body: bytes) -> HelloReply:
        if body and body[0] != VERSION:
            raise self._line.failure(
                f"the board speaks version {body[0]} of the protocol, this host version {VERSION}; "
                "build and flash the firmware again with this version of the project"
            )
        try:
            reply = HelloReply.unpack(body)
        except (struct.error, ValueError) as error:
            raise self._line.failure(
                f"the board's description of itself makes no sense ({error}); flash the firmware again"
            ) from error
        if reply.frames_in_flight < 1 or reply.tick_hz < 1:
            raise self._line.failure(
                f"the board states {reply.frames_in_flight} frames in flight and {reply.tick_hz} ticks a "
                "second; both must be at least 1: correct board_info in its firmware"
            )
        return reply

    def infer(
        self, inputs: Iterable[bytes], board: HelloReply, reset: bool = True, before: int = 0
    ) -> Iterator[Answer]:
        """Send `inputs` (the bytes of the model's inputs each) and yield their answers as they come.

        Answers come in the order of the inputs, except where frames were lost. The state of a model
        that has one is put back, if `reset`, and it gets one input at a time, since a lost one would change
        what follows. On a line that damages too many whole inputs they go in parts. `before`: how many inputs
        of the same run were answered before, for messages. BoardError where the line or the board fails.
        """
        self._line.images = before + len(inputs) if isinstance(inputs, Sized) else 0
        self._line.answered = before
        upcoming = (self._new_request(index, data) for index, data in enumerate(inputs))
        if board.stateful and reset:
            self.reset()
        in_flight = 1 if board.stateful else board.frames_in_flight
        window = Window(in_flight, self._answer_seconds, time.monotonic())
        transfer = Transfer(self._line, board, self._answer_seconds)
        while True:
            if transfer.size(needed=window.most_damages >= DAMAGES) is not None:
                waiting = window.take_all() or list(itertools.islice(upcoming, 1))
                if not waiting:
                    return
                for one in waiting:
                    yield self._answer(one, *transfer.infer(one), board)
                window = Window(in_flight, self._answer_seconds, time.monotonic())
                continue
            while window.has_room and (new := next(upcoming, None)):
                self._send(new, window)
            if window.is_empty:
                return
            progress = False
            for frame in self._line.receive(window.seconds_to_wait(time.monotonic())):
                request = window.get(frame.sequence)
                if request is None or not is_result_of(request, frame):
                    self._line.take_other(frame, expected=request is not None)
                    continue
                progress = True
                self._line.quality.arrived(len(request.encoded) + len(frame.body))
                for lost in window.answered(request, time.monotonic()):
                    lost.damages += self._line.heard > 0
                    self._send(lost, window)
                _, ticks = RESULT_HEADER.unpack_from(frame.body)
                yield self._answer(request, frame.body[RESULT_HEADER.size :], ticks, board)
            if self._line.is_damaged():
                if damaged := window.take_damaged():
                    self._send(damaged, window)
            elif not progress:
                self._look_at_the_clock(window)

    def _look_at_the_clock(self, window: Window) -> None:
        now = time.monotonic()
        if seconds := window.silent_for(now):
            raise self._line.lost(f"no answer for {seconds:.0f} s: {self._line.board.why_silent()}")
        if late := window.take_overdue(now):
            self._send(late, window)

    def _new_request(self, index: int, data: bytes) -> Request:
        sequence = self._take_sequence()
        encoded = encode(Frame(FrameType.INFER, sequence, data))
        return Request(index, sequence, data, encoded, zlib.crc32(data))

    def _send(self, request: Request, window: Window) -> None:
        if request.tries - request.damages == TRIES:
            raise self._line.failure(
                f"image {request.index} was sent {TRIES} times and never answered, while others were; the "
                f"line loses too much: {TRY}"
            )
        if request.tries > 0:
            self._line.retries += 1
            self._line.quality.lost(len(request.encoded))
        self._line.send_encoded(request.encoded)
        window.sent(request, time.monotonic())

    def _answer(self, request: Request, output: bytes, ticks: int, board: HelloReply) -> Answer:
        if len(output) != board.output_bytes:
            raise self._line.failure(
                f"the board answered image {request.index} with {len(output)} bytes, its outputs have "
                f"{board.output_bytes}; build and flash the firmware again"
            )
        self._line.answered += 1
        return Answer(request.index, output, ticks, max(0, request.tries - 1))

    def _take_sequence(self) -> int:
        sequence = self._next_sequence
        self._next_sequence = (sequence + 1) % SEQUENCES
        return sequence
