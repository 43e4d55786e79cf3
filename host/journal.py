"""What a board has answered so far, on disk: a run that ends in the middle loses nothing, and can go on.

A line of JSON says which run it is. Behind it each answer has a record: index, ticks and retries (u32 each),
the output's bytes, and the CRC-32 of these. A record that is not whole is one that was being written; what
follows it is dropped.
"""

import json
import os
import struct
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from contract.errors import UserError
from contract.files import read_file
from host.session import Answer

FILE_NAME = "validation.journal"
RECORD = struct.Struct("<III")
CRC = struct.Struct("<I")
SYNC_SECONDS = 1.0  # a power cut loses no more


class Journal:
    """Answers are appended as they come; each is on its way to the disk when `append` returns."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file
        self._synced = time.monotonic()

    def append(self, answer: Answer) -> None:
        """UserError where the disk takes no more."""
        record = RECORD.pack(answer.index, answer.ticks, answer.retries) + answer.output
        try:
            self._file.write(record + CRC.pack(zlib.crc32(record)))
            self._file.flush()
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def close(self) -> None:
        """Keep what is there."""
        self._file.close()

    def remove(self) -> None:
        """The run has ended, its results are written."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def begin(folder: Path, run: Mapping[str, str | int]) -> Journal:
    """A new journal of `run`, in the place of one that was left."""
    path = folder / FILE_NAME
    try:
        file = path.open("wb")
        file.write(json.dumps(run).encode() + b"\n")
        file.flush()
    except OSError as error:
        raise _unwritable(path, error) from error
    return Journal(path, file)


def resume(
    folder: Path, run: Mapping[str, str | int], output_bytes: int, images: int
) -> tuple[Journal, list[Answer]]:
    """The journal that an interrupted run has left, to go on with, and the answers in it. UserError where
    there is none, or it is of another run."""
    path = folder / FILE_NAME
    if not path.exists():
        raise UserError(f"there is no {path}: no interrupted run to go on with; leave --resume out")
    data = read_file(path, "leave --resume out to begin anew")
    head, _, records = data.partition(b"\n")
    try:
        found = json.loads(head)
    except (ValueError, RecursionError):
        found = None
    if found != dict(run):
        differ = [key for key in run if not isinstance(found, dict) or found.get(key) != run[key]]
        what = ", ".join(differ) or "version"
        raise UserError(f"{path} is of another run: another {what}; leave --resume out to begin anew")
    answers, size = _read(records, output_bytes, images)
    try:
        file = path.open("r+b")
        file.truncate(len(head) + 1 + size)
        file.seek(0, os.SEEK_END)
    except OSError as error:
        raise _unwritable(path, error) from error
    return Journal(path, file), answers


def _read(records: bytes, output_bytes: int, images: int) -> tuple[list[Answer], int]:
    """The whole records of answers to so many images, and how many bytes they have."""
    size = RECORD.size + output_bytes + CRC.size
    answers: list[Answer] = []
    seen: set[int] = set()
    for start in range(0, len(records) - size + 1, size):
        record = records[start : start + size - CRC.size]
        if CRC.unpack_from(records, start + size - CRC.size)[0] != zlib.crc32(record):
            return answers, start
        index, ticks, retries = RECORD.unpack_from(record)
        if index >= images:
            return answers, start
        if index not in seen:
            answers.append(Answer(index, record[RECORD.size :], ticks, retries))
            seen.add(index)
    return answers, len(records) // size * size


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(
        f"cannot write {path}: {error.strerror}; what was answered until then is kept, --resume goes on there"
    )
