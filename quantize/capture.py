"""What C++ libraries print, caught: they write to the process's descriptors, past Python's streams."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

LOG = "THIMBLE_QUANTIZE_LOG"


class Captured:
    """What was printed; `text` is filled when the block of `captured_output` ends."""

    text: str = ""


@contextmanager
def captured_output() -> Iterator[Captured]:
    """Catch everything written to descriptors 1 and 2 within the block, by Python, C or C++.

    `text` is filled on an error, too, so that whoever handles it can say why.
    """
    captured = Captured()
    sys.stdout.flush()
    sys.stderr.flush()
    kept = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    with _file() as file:
        try:
            for descriptor in kept:
                os.dup2(file.fileno(), descriptor)
            yield captured
        finally:
            captured.text = _restore(kept, file.fileno())


def _file() -> IO[bytes]:
    """Where it is caught: in the file that $THIMBLE_QUANTIZE_LOG names, so that it outlives a crash."""
    log = os.environ.get(LOG)
    return open(log, "w+b") if log else tempfile.TemporaryFile()


def _restore(kept: dict[int, int], file: int) -> str:
    """Put the descriptors back and return what was written meanwhile."""
    sys.stdout.flush()
    sys.stderr.flush()
    for descriptor, copy in kept.items():
        os.dup2(copy, descriptor)
        os.close(copy)
    size = os.lseek(file, 0, os.SEEK_END)
    return os.pread(file, size, 0).decode("utf-8", "replace")
