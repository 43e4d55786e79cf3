"""The board's side of docs/protocol.md in Python, with faults on request, for tests of the host.

It shares no code with the host but the constants: its COBS is written from the paper's description.
"""

import os
import select
import struct
import sys
import textwrap
import threading
import tty
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from contract.protocol import (
    ERROR_HEADER,
    HEADER,
    OVERHEAD,
    RESULT_HEADER,
    TRAILER,
    VERSION,
    ErrorCode,
    FrameType,
    HelloReply,
    TensorType,
    TickUnit,
    WireTensor,
)

TICKS = 1234
SMALL_HELLO = HelloReply(
    version=VERSION,
    frames_in_flight=4,
    tick_unit=TickUnit.INSTRUCTION,
    tick_hz=1_000_000_000,
    max_body=1024,
    sha256="ab" * 32,
    stateful=False,
    inputs=(WireTensor("input", TensorType.INT8, (1, 2, 3), 0.5, -128),),
    outputs=(WireTensor("output", TensorType.INT8, (1, 4), 0.25, 0),),
    board="native",
    engine="aot",
)


def small_output(data: bytes) -> bytes:
    """What the small model gives for an input: 4 bytes that no other input is likely to give."""
    return struct.pack("<I", zlib.adler32(data))


class Unplug(Exception):  # noqa: N818 (an event, not an error)
    """Raised by a fault: the line ends here."""


@dataclass(frozen=True)
class Request:
    type: int
    sequence: int
    body: bytes
    number: int  # among the requests received so far, from 0


# A fault gets a request and the bytes of the proper answer, and gives the bytes that go out instead.
Fault = Callable[[Request, bytes], bytes]


def no_fault(request: Request, answer: bytes) -> bytes:
    return answer


@dataclass
class FakeBoard:
    """Answers requests from bytes to bytes. `requests` keeps what came."""

    hello: HelloReply = SMALL_HELLO
    output: Callable[[bytes], bytes] = small_output
    fault: Fault = no_fault
    engine_fault: str = ""
    requests: list[Request] = field(default_factory=list)
    most_waiting: int = 0  # requests that arrived together
    broken: Exception | None = None  # what a fault raised by mistake
    _rest: bytes = b""

    def take(self, data: bytes) -> Iterator[bytes]:
        """What goes out after `data` came in, an item a request."""
        *chunks, self._rest = (self._rest + data).split(b"\0")
        self.most_waiting = max(self.most_waiting, sum(bool(chunk) for chunk in chunks))
        for chunk in filter(None, chunks):
            content = cobs_decoded(chunk)
            if content is None or len(content) < OVERHEAD or content[-4:] != _crc(content[:-4]):
                yield frame(FrameType.ERROR, 0, bytes([ErrorCode.BAD_FRAME]) + b"not a frame")
                continue
            kind, sequence = HEADER.unpack_from(content)
            request = Request(kind, sequence, content[HEADER.size : -4], len(self.requests))
            self.requests.append(request)
            yield self.fault(request, self._answer(request))

    def _answer(self, request: Request) -> bytes:
        if self.engine_fault:
            return error(request, ErrorCode.ENGINE_FAILED, self.engine_fault)
        if request.type == FrameType.HELLO:
            return frame(FrameType.HELLO_REPLY, request.sequence, self.hello.pack())
        if request.type == FrameType.RESET:
            return frame(FrameType.RESET_REPLY, request.sequence, b"")
        if request.type == FrameType.INFER:
            return result(request, self.output(request.body))
        return error(request, ErrorCode.UNKNOWN_TYPE, "what is this?")


def frame(frame_type: int, sequence: int, body: bytes) -> bytes:
    content = HEADER.pack(frame_type, sequence) + body
    return b"\0" + cobs_encoded(content + _crc(content)) + b"\0"


def result(request: Request, output: bytes, ticks: int = TICKS) -> bytes:
    """The RESULT frame for an INFER request."""
    return frame(
        FrameType.RESULT, request.sequence, RESULT_HEADER.pack(zlib.crc32(request.body), ticks) + output
    )


def error(request: Request, code: int, text: str) -> bytes:
    return frame(FrameType.ERROR, request.sequence, ERROR_HEADER.pack(code) + text.encode("ascii"))


def _crc(content: bytes) -> bytes:
    return TRAILER.pack(zlib.crc32(content))


def cobs_encoded(data: bytes) -> bytes:
    """Each run without zeros, cut at 254 bytes, after a byte that says how long it is."""
    out = bytearray()
    for run in data.split(b"\0"):
        while len(run) >= 254:
            out += b"\xff" + run[:254]
            run = run[254:]
        out += bytes([len(run) + 1]) + run
    return bytes(out)


def cobs_decoded(data: bytes) -> bytes | None:
    """The bytes before encoding, None where the counts do not fit the length."""
    out = bytearray()
    at = 0
    while at < len(data):
        code = data[at]
        if at + code > len(data):
            return None
        out += data[at + 1 : at + code]
        at += code
        if code < 255 and at < len(data):
            out.append(0)
    return bytes(out)


def open_pty() -> tuple[int, int]:
    """A raw pty: the board's end and the host's."""
    master, slave = os.openpty()
    tty.setraw(slave)
    return master, slave


@contextmanager
def on_a_pty(board: FakeBoard) -> Iterator[str]:
    """Serve `board` on a pty from a thread and give the path of its other end."""
    master, slave = open_pty()
    stopped, stop = os.pipe()
    thread = threading.Thread(target=_serve, args=(board, master, stopped), daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        os.write(stop, b"x")
        thread.join(10)
        for descriptor in (slave, stopped, stop):
            os.close(descriptor)
        assert not thread.is_alive()
        assert board.broken is None


def _serve(board: FakeBoard, master: int, stopped: int) -> None:
    """Answer what comes in at `master` until something can be read from `stopped`, or the line ends."""
    os.set_blocking(master, False)
    outbox = b""
    try:
        while True:
            readable, writable, _ = select.select([master, stopped], [master] if outbox else [], [])
            if stopped in readable:
                return
            if writable:
                outbox = outbox[os.write(master, outbox) :]
            elif master in readable:  # like a board, it reads again when its answers are on their way
                outbox += b"".join(board.take(os.read(master, 1 << 16)))
    except (Unplug, OSError):
        return
    except Exception as error:
        board.broken = error
    finally:
        os.close(master)


PROGRAM = """\
#!{python}
import os, signal, sys, time
sys.path.insert(0, {root!r})
from contract.protocol import HelloReply
from tests.fake_board import FakeBoard, open_pty, small_output
hello = HelloReply.unpack(bytes.fromhex({hello!r}))
def fault(request, answer):
{fault}
    return answer
master, slave = open_pty()
print({announcement!r}.format(os.ttyname(slave)), flush=True)
board = FakeBoard(hello=hello, fault=fault)
while True:
    for out in board.take(os.read(master, 1 << 16)):
        while out:
            out = out[os.write(master, out):]
"""


def write_program(path: Path, hello: HelloReply, fault: str = "", announcement: str = "port: {}") -> None:
    """Write an executable that is a board of the small model on a pty. `fault`: statements over a request."""
    path.write_text(
        PROGRAM.format(
            python=sys.executable,
            root=str(Path(__file__).parent.parent),
            hello=hello.pack().hex(),
            fault=textwrap.indent(fault, "    "),
            announcement=announcement,
        )
    )
    path.chmod(0o755)


def with_(hello: HelloReply = SMALL_HELLO, **changes: object) -> HelloReply:
    """`hello` with some fields changed."""
    return replace(hello, **changes)  # type: ignore[arg-type]
