"""The wire protocol's constants and message bodies (docs/protocol.md says how they are used).

A frame on the wire is a zero byte, COBS(type, sequence number, body, CRC-32), a zero byte. All integers are
little-endian. firmware/core/protocol.h states the same constants for C; a test holds the two together.
"""

import math
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from contract.graph import NUMPY_TYPES

VERSION = 1
DELIMITER = 0x00
HEADER = struct.Struct("<BI")  # type, sequence number
TRAILER = struct.Struct("<I")  # CRC-32 (zlib's polynomial) of header and body
OVERHEAD = HEADER.size + TRAILER.size  # bytes of a frame beside its body, before COBS


class FrameType(IntEnum):
    """Requests have the top bit clear, their answers have it set."""

    HELLO = 0x01
    INFER = 0x02
    HELLO_REPLY = 0x81
    RESULT = 0x82
    ERROR = 0xFF


class ErrorCode(IntEnum):
    """The first byte of an ERROR frame's body; text for people (ASCII, at most MAX_ERROR_TEXT) follows."""

    BAD_FRAME = 1  # COBS or CRC-32 wrong, cut short, or longer than the largest body; sequence number 0
    UNKNOWN_TYPE = 2
    WRONG_LENGTH = 3  # the body's length does not fit the type
    ENGINE_FAILED = 4  # the engine could not start or could not run; the text says why


MAX_ERROR_TEXT = 120


class TickUnit(IntEnum):
    """What one tick of the board's counter counts."""

    CYCLE = 1
    INSTRUCTION = 2
    NANOSECOND = 3


class TensorType(IntEnum):
    """Codes of the TFLite schema's TensorType: what a model's input and output may be."""

    FLOAT32 = 0
    UINT8 = 3
    INT8 = 9

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of an element for NumPy, as the line carries it."""
        return np.dtype(NUMPY_TYPES[self.name])


MAX_RANK = 6


@dataclass(frozen=True)
class WireTensor:
    """The board's word on the model's input or output. FLOAT32 has scale 0 and zero point 0."""

    type: TensorType
    shape: tuple[int, ...]
    scale: float
    zero_point: int

    # type, rank, then MAX_RANK dimensions (unused ones 0), scale, zero point
    LAYOUT = struct.Struct(f"<BB{MAX_RANK}Ifi")

    def pack(self) -> bytes:
        dimensions = self.shape + (0,) * (MAX_RANK - len(self.shape))
        return self.LAYOUT.pack(self.type, len(self.shape), *dimensions, self.scale, self.zero_point)

    @property
    def size(self) -> int:
        """Bytes of the tensor."""
        return math.prod(self.shape) * self.type.dtype.itemsize

    @classmethod
    def unpack(cls, body: bytes) -> "WireTensor":
        type_code, rank, *rest = cls.LAYOUT.unpack(body)
        return cls(TensorType(type_code), tuple(rest[:rank]), rest[MAX_RANK], rest[MAX_RANK + 1])


@dataclass(frozen=True)
class HelloReply:
    """What runs on the board."""

    version: int  # of the protocol
    frames_in_flight: int  # how many requests the board takes before the first is answered
    tick_unit: TickUnit
    tick_hz: int
    max_body: int  # largest body of a request, bytes
    sha256: str  # of the flatbuffer the engine was made from
    input: WireTensor
    output: WireTensor
    board: str
    engine: str

    # version, frames in flight, tick unit, tick Hz, largest body, SHA-256, two tensors, two names' lengths
    LAYOUT = struct.Struct(f"<BBBII32s{WireTensor.LAYOUT.size}s{WireTensor.LAYOUT.size}sBB")

    def pack(self) -> bytes:
        board, engine = self.board.encode("ascii"), self.engine.encode("ascii")
        fixed = self.LAYOUT.pack(
            self.version, self.frames_in_flight, self.tick_unit, self.tick_hz, self.max_body,
            bytes.fromhex(self.sha256), self.input.pack(), self.output.pack(), len(board), len(engine),
        )  # fmt: skip
        return fixed + board + engine

    @classmethod
    def unpack(cls, body: bytes) -> "HelloReply":
        """ValueError or struct.error where the body is not a HELLO reply of this VERSION."""
        version, in_flight, unit, tick_hz, max_body, digest, input_, output, board_length, engine_length = (
            cls.LAYOUT.unpack(body[: cls.LAYOUT.size])
        )
        names = body[cls.LAYOUT.size :].decode("ascii")
        if len(names) != board_length + engine_length:
            raise ValueError("the names' lengths do not fit the body")
        return cls(
            version=version,
            frames_in_flight=in_flight,
            tick_unit=TickUnit(unit),
            tick_hz=tick_hz,
            max_body=max_body,
            sha256=digest.hex(),
            input=WireTensor.unpack(input_),
            output=WireTensor.unpack(output),
            board=names[:board_length],
            engine=names[board_length:],
        )


RESULT_HEADER = struct.Struct("<II")  # CRC-32 of the input answered, ticks; the output follows
ERROR_HEADER = struct.Struct("<B")  # an ErrorCode; the text follows
