"""Frames as bytes: written for the line, and found again in whatever the line delivers (docs/protocol.md)."""

import re
import zlib
from typing import NamedTuple

from cobs import cobs

from contract.protocol import HEADER, OVERHEAD, TRAILER

DELIMITER = b"\x00"
MAX_FRAME = 1 << 20  # bytes without a delimiter that are still kept: more than any supported board has RAM
MAX_NOISE_TEXT = 2000  # characters of noise kept for messages
READABLE = re.compile(rb"[\t\r\n -~]{4,}")  # shorter runs appear in random bytes too often to mean anything


class Frame(NamedTuple):
    type: int  # a FrameType, or a number that this version does not know
    sequence: int  # 0 to 2^32 - 1
    body: bytes


def encode(frame: Frame) -> bytes:
    """The bytes that go over the line for `frame`, with a delimiter on either side."""
    content = HEADER.pack(frame.type, frame.sequence) + frame.body
    encoded: bytes = cobs.encode(content + TRAILER.pack(zlib.crc32(content)))
    return DELIMITER + encoded + DELIMITER


def decode(chunk: bytes) -> Frame | None:
    """The frame in the bytes between two delimiters, or None where they are not a whole and undamaged one."""
    try:
        content = cobs.decode(chunk)
    except cobs.DecodeError:
        return None
    end = len(content) - TRAILER.size
    if len(content) < OVERHEAD or TRAILER.unpack_from(content, end)[0] != zlib.crc32(content[:end]):
        return None
    frame_type, sequence = HEADER.unpack_from(content)
    return Frame(frame_type, sequence, content[HEADER.size : end])


class Decoder:
    """Finds frames in a stream of bytes that arrives in pieces of any size; the rest is noise."""

    def __init__(self) -> None:
        self.noise_chunks = 0  # runs of bytes between delimiters that were not frames
        self._noise_text = ""
        self._rest = bytearray()  # what came since the last delimiter

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes, in the order of their arrival."""
        first, *others = data.split(DELIMITER)
        self._rest += first
        if not others:
            if len(self._rest) > MAX_FRAME:
                self._take_noise(bytes(self._rest))
                self._rest.clear()
            return []
        *whole, last = others
        chunks = [bytes(self._rest), *whole]
        self._rest = bytearray(last)
        frames = []
        for chunk in chunks:
            if not chunk:
                continue  # nothing between two delimiters is silence
            frame = decode(chunk)
            if frame is None:
                self._take_noise(chunk)
            else:
                frames.append(frame)
        return frames

    def _take_noise(self, chunk: bytes) -> None:
        self.noise_chunks += 1
        if len(self._noise_text) < MAX_NOISE_TEXT:
            self._noise_text += _readable(chunk)

    @property
    def noise_text(self) -> str:
        """The readable lines in the noise so far, in ASCII, at most MAX_NOISE_TEXT characters."""
        text = (self._noise_text + _readable(bytes(self._rest[:MAX_NOISE_TEXT])))[:MAX_NOISE_TEXT]
        return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _readable(chunk: bytes) -> str:
    runs = READABLE.findall(chunk)
    return "".join(run.decode("ascii") + "\n" for run in runs)[:MAX_NOISE_TEXT]
