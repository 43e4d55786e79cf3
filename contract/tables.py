"""Bounded access to the tables, vectors and strings of a flatbuffer (https://flatbuffers.dev/internals/).

A table starts with a signed offset back to its vtable; the vtable holds its own size, the table's size and
the place of each field in the table, 0 for a field that is not there and has its default. Every access here
is checked against the file, so a damaged file ends in a FlatbufferError and nothing else.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from contract.errors import UserError
from contract.text import printable

READ_AT_MOST = 4  # times the bytes of the file


class FlatbufferError(UserError):
    """The file is not a whole and consistent TFLite flatbuffer."""


class _Allowance:
    """The bytes that may still be read. Offsets can make one place of a file the content of any number of
    vectors and tables, so that reading all of them takes far more memory than the file has bytes."""

    def __init__(self, data: bytes) -> None:
        self._left = READ_AT_MOST * len(data)

    def take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise FlatbufferError(
                f"its tables and vectors lie over each other: they have more than {READ_AT_MOST} times the "
                "bytes of the file"
            )


def _unpack(data: bytes, position: int, format: str) -> int | float:
    size = struct.calcsize(format)
    if position < 0 or position + size > len(data):
        raise FlatbufferError(f"an offset points to byte {position} of a file of {len(data)} bytes")
    value: int | float = struct.unpack_from(format, data, position)[0]
    return value


def _unpack_int(data: bytes, position: int, format: str) -> int:
    return int(_unpack(data, position, format))


@dataclass(frozen=True, slots=True)
class Table:
    """One table. Fields are named by their number in the schema; `default` is the schema's."""

    data: bytes = field(repr=False)
    position: int
    allowance: _Allowance = field(repr=False, compare=False)

    def _field(self, number: int) -> int | None:
        """The absolute position of a field, or None where the table leaves it at its default."""
        vtable = self.position - _unpack_int(self.data, self.position, "<i")
        vtable_bytes = _unpack_int(self.data, vtable, "<H")
        entry = 4 + 2 * number
        if entry + 2 > vtable_bytes:
            return None
        offset = _unpack_int(self.data, vtable + entry, "<H")
        return self.position + offset if offset else None

    def _scalar(self, number: int, format: str, default: int | float) -> int | float:
        position = self._field(number)
        return default if position is None else _unpack(self.data, position, format)

    def int8(self, number: int, default: int = 0) -> int:
        return int(self._scalar(number, "<b", default))

    def uint8(self, number: int, default: int = 0) -> int:
        return int(self._scalar(number, "<B", default))

    def int32(self, number: int, default: int = 0) -> int:
        return int(self._scalar(number, "<i", default))

    def uint32(self, number: int, default: int = 0) -> int:
        return int(self._scalar(number, "<I", default))

    def uint64(self, number: int, default: int = 0) -> int:
        return int(self._scalar(number, "<Q", default))

    def float32(self, number: int, default: float = 0.0) -> float:
        return float(self._scalar(number, "<f", default))

    def _follow(self, number: int) -> int | None:
        position = self._field(number)
        return None if position is None else position + _unpack_int(self.data, position, "<I")

    def table(self, number: int) -> "Table | None":
        position = self._follow(number)
        return None if position is None else Table(self.data, position, self.allowance)

    def _vector(self, number: int, item_bytes: int) -> tuple[int, int]:
        """The position of a vector's first item, and how many it has."""
        position = self._follow(number)
        if position is None:
            return 0, 0
        count = _unpack_int(self.data, position, "<I")
        if position + 4 + count * item_bytes > len(self.data):
            raise FlatbufferError(f"a vector of {count} items at byte {position} leaves the file")
        self.allowance.take(count * item_bytes)
        return position + 4, count

    def _numbers(self, number: int, code: str) -> Sequence[int | float]:
        start, count = self._vector(number, struct.calcsize("<" + code))
        return struct.unpack_from(f"<{count}{code}", self.data, start)

    def int32s(self, number: int) -> list[int]:
        return [int(value) for value in self._numbers(number, "i")]

    def int64s(self, number: int) -> list[int]:
        return [int(value) for value in self._numbers(number, "q")]

    def float32s(self, number: int) -> list[float]:
        return [float(value) for value in self._numbers(number, "f")]

    def bytes(self, number: int) -> bytes:
        start, count = self._vector(number, 1)
        return self.data[start : start + count]

    def string(self, number: int) -> str:
        """A text without what could act on a terminal or begin another line."""
        return printable(self.bytes(number).decode("utf-8", "replace"))

    def tables(self, number: int) -> list["Table"]:
        start, count = self._vector(number, 4)
        self.allowance.take(4 * count)  # of each table, its offset to the vtable at least
        offsets = struct.unpack_from(f"<{count}I", self.data, start)
        return [
            Table(self.data, start + 4 * place + offset, self.allowance)
            for place, offset in enumerate(offsets)
        ]


def root_table(data: bytes, identifier: bytes) -> Table:
    """The root table of a flatbuffer whose file identifier (bytes 4 to 7) must be `identifier`."""
    if len(data) < 8 or data[4:8] != identifier:
        raise FlatbufferError(f"the file does not carry the identifier {identifier.decode()}")
    return Table(data, _unpack_int(data, 0, "<I"), _Allowance(data))
