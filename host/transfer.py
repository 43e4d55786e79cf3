"""One input after another over a line on which whole ones rarely arrive: in parts, and long answers too."""

import time

from contract.protocol import (
    FETCH_BODY,
    FETCHED_HEADER,
    MAX_READ,
    PART_HEADER,
    PART_REPLY_BODY,
    RESULT_HEADER,
    ErrorCode,
    FrameType,
    HelloReply,
)
from host.line import TRY, Line
from host.parts import Parts
from host.quality import AROUND, REPLY
from host.window import MARGIN, Request, is_result_of

PART_SECONDS = 2.0  # the longest wait for the confirmation of a part
SHORTEST_PART_SECONDS = 0.1
SHORTEST_ANSWER_SECONDS = 0.25
PATIENCE_SECONDS = 60.0  # without any progress on a board that is alive
NOT_EXECUTED = bytes([ErrorCode.OUT_OF_ORDER])
LONG = 0.5  # faults that a frame of outputs has on average, from which on they come in parts


class Transfer:
    """Sends inputs in parts. What takes how long is measured over all of them: a request that is sent again
    too early costs bytes alone, since the board repeats its answer."""

    def __init__(self, line: Line, board: HelloReply, first_wait: float) -> None:
        """`first_wait`: seconds to wait for the first answer."""
        self._line = line
        self._board = board
        self._first_wait = first_wait
        self._longest_part = 0.0  # seconds that a confirmation took, 0 before the first
        self._longest_answer = 0.0  # and the answer behind the last part

    def size(self, needed: bool) -> int | None:
        """The bytes of a part of an input; None while whole inputs do, unless parts are `needed`."""
        largest = self._board.max_body - PART_HEADER.size
        return self._line.quality.part_size(self._board.input_bytes, largest, needed)

    def infer(self, request: Request) -> tuple[bytes, int]:
        """The outputs and ticks for one input. BoardError where nothing arrives for PATIENCE_SECONDS."""
        parts = Parts(len(request.data), min(2, self._board.frames_in_flight))
        fetched: bytearray | None = None  # of the outputs, where they come in parts
        progress = time.monotonic()
        while True:
            size = self.size(needed=True) or 1
            self._send_following(request, parts, fetched, size)
            sent_at = time.monotonic()
            give_up = sent_at + self._wait(parts.all_sent and fetched is None)
            moved = lost = False
            while not moved and not lost:
                for frame in self._line.receive(give_up - time.monotonic()):
                    if frame.sequence != request.sequence:
                        self._line.take_other(frame, expected=False)
                    elif is_result_of(request, frame):
                        took = time.monotonic() - sent_at
                        self._longest_answer = max(0.99 * self._longest_answer, took)
                        return self._result(frame.body)
                    elif frame.type == FrameType.PART_REPLY:
                        fetched, moved = None, True
                        if parts.board_has(*PART_REPLY_BODY.unpack_from(frame.body)):
                            self._line.quality.arrived(size + REPLY)
                            self._longest_part = max(0.99 * self._longest_part, time.monotonic() - sent_at)
                        else:
                            self._count_loss(request, size)
                    elif frame.type == FrameType.FETCHED and fetched is not None:
                        moved = True
                        self._line.quality.arrived(len(frame.body))
                        self._longest_part = max(0.99 * self._longest_part, time.monotonic() - sent_at)
                        ticks = _take_fetched(frame.body, request, fetched)
                        if ticks is not None and len(fetched) == self._board.output_bytes:
                            return bytes(fetched), ticks
                    elif frame.type == FrameType.ERROR and frame.body[:1] == NOT_EXECUTED:
                        fetched, moved = None, True  # a part was lost, or the outputs are gone
                        parts.go_back()
                    else:
                        self._line.take_other(frame, expected=True)
                now = time.monotonic()
                progress = now if moved else progress
                lost = not moved and (self._line.is_damaged() or now >= give_up)
            if lost:
                self._expect_progress(request, now - progress)
                self._count_loss(request, size)
                if fetched is None and parts.all_sent and self._answers_are_long:
                    fetched = bytearray()
                elif fetched is None:
                    parts.go_back()

    def _send_following(self, request: Request, parts: Parts, fetched: bytearray | None, size: int) -> None:
        if fetched is not None:
            count = min(size, MAX_READ, self._board.output_bytes - len(fetched))
            self._line.send(FrameType.FETCH, request.sequence, FETCH_BODY.pack(len(fetched), count))
            return
        for begin, end in parts.following(size):
            header = PART_HEADER.pack(begin, request.input_crc)
            self._line.send(FrameType.PART, request.sequence, header + request.data[begin:end])

    def _wait(self, for_inference: bool) -> float:
        """Seconds until what was sent counts as lost, without a word of damage: a part, or the answer that
        follows the last one."""
        longest, shortest, before = (
            (self._longest_answer, SHORTEST_ANSWER_SECONDS, self._first_wait)
            if for_inference
            else (self._longest_part, SHORTEST_PART_SECONDS, PART_SECONDS)
        )
        return min(before, max(shortest, MARGIN * longest)) if longest else before

    @property
    def _answers_are_long(self) -> bool:
        return self._line.quality.rate * self._board.output_bytes > LONG

    def _result(self, body: bytes) -> tuple[bytes, int]:
        self._line.quality.arrived(len(body))
        return body[RESULT_HEADER.size :], RESULT_HEADER.unpack_from(body)[1]

    def _count_loss(self, request: Request, size: int) -> None:
        self._line.quality.lost(size + AROUND)
        self._line.retries += 1
        request.tries += 1

    def _expect_progress(self, request: Request, seconds: float) -> None:
        if seconds > max(PATIENCE_SECONDS, 2 * self._first_wait):
            raise self._line.lost(
                f"no part of image {request.index} arrived for {seconds:.0f} s; the line loses too much: "
                f"{TRY}, "
                f"or {self._line.board.why_silent()}"
            )


def _take_fetched(body: bytes, request: Request, fetched: bytearray) -> int | None:
    """Add a piece of the outputs to `fetched`: the ticks; None where it is another's, or another piece."""
    if len(body) < FETCHED_HEADER.size:
        return None
    crc, ticks, offset = FETCHED_HEADER.unpack_from(body)
    if crc != request.input_crc or offset != len(fetched):
        return None
    fetched += body[FETCHED_HEADER.size :]
    return int(ticks)
