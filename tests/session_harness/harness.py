"""Drives harness.c, one long-lived process: commands in, answers out."""

import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import IO

from tests.c_build import FIRMWARE, compile_c

HERE = Path(__file__).parent
SOURCES = (
    *(HERE / name for name in ("harness.c", "fake_engine/fake_engine.c", "fake_model/model_info.c")),
    *(FIRMWARE / "core" / name for name in ("cobs.c", "crc32.c", "frame.c", "request.c", "session.c")),
)
FLAGS = (
    "-std=c11",
    "-O1",
    "-g",
    "-funsigned-char",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
)

LENGTH = struct.Struct("<I")
FRAME_START = struct.Struct("<BII")  # type, sequence number, length of the body


class Decoded(IntEnum):
    """enum decoded of firmware/core/frame.h."""

    FRAME = 1
    CUT_SHORT = 2
    TOO_LONG = 3
    WRONG_CRC = 4


@dataclass(frozen=True)
class CFrame:
    """A frame that firmware/core/frame.c decoded."""

    type: int
    sequence: int
    body: bytes


@dataclass(frozen=True)
class Harness:
    process: "subprocess.Popen[bytes]"
    errors: IO[bytes]

    def _call(self, command: bytes, argument: bytes) -> bytes:
        """The answer to one command. The AssertionError of a harness that died carries what it said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        message = command + argument
        try:
            self.process.stdin.write(LENGTH.pack(len(message)) + message)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the missing answer tells
        length = self.process.stdout.read(LENGTH.size)
        if len(length) < LENGTH.size:
            self.process.wait(10)
            self.errors.seek(0)
            raise AssertionError(self.errors.read().decode("utf-8", "replace"))
        return self.process.stdout.read(LENGTH.unpack(length)[0])

    def crc32(self, first: bytes, second: bytes) -> int:
        """crc32_update over `first`, continued over `second`."""
        crc: int = LENGTH.unpack(self._call(b"c", LENGTH.pack(len(first)) + first + second))[0]
        return crc

    def cobs_encode(self, packet: bytes, piece: int) -> bytes:
        """What cobs.c sends for `packet`, put `piece` bytes at a time; delimiters included."""
        return self._call(b"e", LENGTH.pack(piece) + packet)

    def cobs_decode(self, encoded: bytes) -> tuple[bool, bytes]:
        """Whether `encoded`, without delimiters, is whole, and what it decodes to."""
        whole, *decoded = self._call(b"d", encoded)
        return bool(whole), bytes(decoded)

    def write_frame(self, frame: CFrame) -> bytes:
        """What frame.c sends for `frame`."""
        return self._call(b"w", struct.pack("<BI", frame.type, frame.sequence) + frame.body)

    def decode_frames(self, line: bytes, max_body: int) -> list[CFrame | Decoded]:
        """What frame.c makes of `line` with a buffer for bodies of `max_body`: frames, and kinds of noise."""
        answer = self._call(b"f", LENGTH.pack(max_body + 9) + line)
        events: list[CFrame | Decoded] = []
        at = 0
        while at < len(answer):
            kind, at = Decoded(answer[at]), at + 1
            if kind == Decoded.FRAME:
                frame_type, sequence, length = FRAME_START.unpack_from(answer, at)
                at += FRAME_START.size + length
                events.append(CFrame(frame_type, sequence, answer[at - length : at]))
            else:
                events.append(kind)
        return events

    def session(self, line: bytes, bytes_a_read: int = 64, engine_fault: str = "") -> bytes:
        """What session.c, with the fake engine, sends while `line` comes in `bytes_a_read` at a time."""
        text = engine_fault.encode("ascii")
        return self._call(b"s", LENGTH.pack(bytes_a_read) + bytes([len(text)]) + text + line)


@contextmanager
def harness(folder: Path, *flags: str) -> Iterator[Harness]:
    """Compile the harness into `folder` and run it. It must end without a complaint or a leak."""
    program = compile_c(SOURCES, folder / "harness", (*FLAGS, *flags, f"-I{HERE / 'fake_model'}"))
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        ) as process:
            try:
                yield Harness(process, errors)
            except BaseException:
                process.kill()
                raise
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)
        errors.seek(0)
        assert process.returncode == 0, errors.read().decode("utf-8", "replace")
