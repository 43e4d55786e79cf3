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
from contract.text import printable

VERSION = 3
DELIMITER = 0x00
HEADER = struct.Struct("<BI")  # type, sequence number
TRAILER = struct.Struct("<I")  # CRC-32 (zlib's polynomial) of header and body
OVERHEAD = HEADER.size + TRAILER.size  # bytes of a frame beside its body, before COBS


class FrameType(IntEnum):
    """Requests have the top bit clear, their answers have it set."""

    HELLO = 0x01
    INFER = 0x02
    RESET = 0x03
    LOAD = 0x04
    STEP = 0x05
    READ = 0x06
    PART = 0x07
    FETCH = 0x08
    HELLO_REPLY = 0x81
    RESULT = 0x82
    RESET_REPLY = 0x83
    LOADED = 0x84
    STEPPED = 0x85
    BYTES_READ = 0x86
    PART_REPLY = 0x87
    FETCHED = 0x88
    ERROR = 0xFF


class ErrorCode(IntEnum):
    """The first byte of an ERROR frame's body; text for people (ASCII, at most MAX_ERROR_TEXT) follows."""

    BAD_FRAME = 1  # COBS or CRC-32 wrong, cut short, or longer than the largest body; sequence number 0
    UNKNOWN_TYPE = 2
    WRONG_LENGTH = 3  # the body's length does not fit the type
    ENGINE_FAILED = 4  # the engine could not start or could not run; the text says why
    OUT_OF_ORDER = 5  # a STEP to a call that does not come next


MAX_ERROR_TEXT = 120
MAX_READ = 1024  # bytes of memory in one answer


class TickUnit(IntEnum):
    """What one tick of the board's counter counts."""

    CYCLE = 1
    INSTRUCTION = 2
    NANOSECOND = 3


class TensorType(IntEnum):
    """Codes of the TFLite schema's TensorType: what a model's inputs and outputs may be."""

    FLOAT32 = 0
    INT32 = 2
    UINT8 = 3
    BOOL = 6
    INT8 = 9

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of an element for NumPy, as the line carries it."""
        return np.dtype(NUMPY_TYPES[self.name])


MAX_RANK = 6


@dataclass(frozen=True)
class WireTensor:
    """The board's word on an input or output of the model. Types without a scale have scale 0 and zero
    point 0."""

    name: str
    type: TensorType
    shape: tuple[int, ...]
    scale: float
    zero_point: int

    # type, rank, then MAX_RANK dimensions (unused ones 0), scale, zero point, the name's length; the name
    # follows
    LAYOUT = struct.Struct(f"<BB{MAX_RANK}IfiB")

    def pack(self) -> bytes:
        dimensions = self.shape + (0,) * (MAX_RANK - len(self.shape))
        name = self.name.encode("ascii")
        fixed = self.LAYOUT.pack(
            self.type, len(self.shape), *dimensions, self.scale, self.zero_point, len(name)
        )
        return fixed + name

    @property
    def size(self) -> int:
        """Bytes of the tensor."""
        return math.prod(self.shape) * self.type.dtype.itemsize

    @classmethod
    def unpack(cls, body: bytes) -> tuple["WireTensor", bytes]:
        """The tensor that `body` begins with, and what follows it."""
        type_code, rank, *rest = cls.LAYOUT.unpack_from(body)
        *dimensions, scale, zero_point, length = rest
        name, behind = body[cls.LAYOUT.size :][:length], body[cls.LAYOUT.size + length :]
        if len(name) != length or rank > MAX_RANK:
            raise ValueError("a tensor does not fit the body")
        shape = tuple(dimensions[:rank])
        return cls(printable(name.decode("ascii")), TensorType(type_code), shape, scale, zero_point), behind


@dataclass(frozen=True)
class HelloReply:
    """What runs on the board."""

    version: int  # of the protocol
    frames_in_flight: int  # how many requests the board takes before the first is answered
    tick_unit: TickUnit
    tick_hz: int
    max_body: int  # largest body of a request, bytes
    sha256: str  # of the flatbuffer the engine was made from
    stateful: bool  # whether an inference depends on those since the last RESET
    inputs: tuple[WireTensor, ...]
    outputs: tuple[WireTensor, ...]
    board: str
    engine: str

    # version, frames in flight, tick unit, tick Hz, largest body, SHA-256, stateful, lengths of the two
    # names, numbers of inputs and outputs; the names and the tensors follow
    LAYOUT = struct.Struct("<BBBII32sBBBBB")

    @property
    def input_bytes(self) -> int:
        """Of all inputs: the body of INFER."""
        return sum(tensor.size for tensor in self.inputs)

    @property
    def output_bytes(self) -> int:
        """Of all outputs: what follows RESULT_HEADER."""
        return sum(tensor.size for tensor in self.outputs)

    def pack(self) -> bytes:
        board, engine = self.board.encode("ascii"), self.engine.encode("ascii")
        fixed = self.LAYOUT.pack(
            self.version, self.frames_in_flight, self.tick_unit, self.tick_hz, self.max_body,
            bytes.fromhex(self.sha256), self.stateful, len(board), len(engine), len(self.inputs),
            len(self.outputs),
        )  # fmt: skip
        return fixed + board + engine + b"".join(one.pack() for one in (*self.inputs, *self.outputs))

    @classmethod
    def unpack(cls, body: bytes) -> "HelloReply":
        """ValueError or struct.error where the body is not a HELLO reply of this VERSION."""
        version, in_flight, unit, tick_hz, max_body, digest, stateful, *counts = cls.LAYOUT.unpack_from(body)
        board_length, engine_length, inputs, outputs = counts
        rest = body[cls.LAYOUT.size :]
        names, rest = rest[: board_length + engine_length], rest[board_length + engine_length :]
        tensors = []
        for _ in range(inputs + outputs):
            tensor, rest = WireTensor.unpack(rest)
            tensors.append(tensor)
        if len(names) != board_length + engine_length or rest:
            raise ValueError("the lengths in it do not fit the body")
        if stateful > 1:
            raise ValueError(f"it is {stateful} whether the model has a state, not 0 or 1")
        return cls(
            version=version,
            frames_in_flight=in_flight,
            tick_unit=TickUnit(unit),
            tick_hz=tick_hz,
            max_body=max_body,
            sha256=digest.hex(),
            stateful=bool(stateful),
            inputs=tuple(tensors[:inputs]),
            outputs=tuple(tensors[inputs:]),
            board=printable(names[:board_length].decode("ascii")),
            engine=printable(names[board_length:].decode("ascii")),
        )


RESET_BODY = struct.Struct("<I")  # a number that tells this RESET from others
RESULT_HEADER = struct.Struct("<II")  # CRC-32 of the inputs answered, ticks; the outputs follow
ERROR_HEADER = struct.Struct("<B")  # an ErrorCode; the text follows
LOADED_BODY = struct.Struct("<II")  # CRC-32 of the inputs, number of calls
STEP_BODY = struct.Struct("<I")  # the call
STEPPED_BODY = struct.Struct("<II")  # the call, ticks
READ_BODY = struct.Struct("<II")  # offset in the memory, number of bytes
READ_HEADER = struct.Struct("<I")  # the offset; the bytes follow
PART_HEADER = struct.Struct("<II")  # offset in all inputs, CRC-32 of all inputs; the bytes follow
PART_REPLY_BODY = struct.Struct("<I")  # how many bytes of the inputs are there
FETCH_BODY = struct.Struct("<II")  # offset in all outputs, number of bytes, at most MAX_READ
FETCHED_HEADER = struct.Struct("<III")  # CRC-32 of the inputs, ticks, offset; the bytes follow
