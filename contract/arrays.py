"""Reads .npz files, from whomever they come: nothing in one is believed before it was compared with the file.

numpy.load allocates what a header claims, unpacks a small file into any size, and fails in many ways. Here
every array has exactly the bytes that its header needs, and all of them together are no more than EXPANSION
times the file (of a small one MOST_OF_SMALL bytes).
"""

import errno
import math
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from contract.text import printable, shortened

EXPANSION = 100  # noise does not shrink at all, photographs do by half, mostly black digits by ten
MOST_OF_SMALL = 64_000_000
MOST_HEADER = 10_000  # bytes
SUFFIX = ".npy"


class ArraysError(ValueError):
    """The file is no whole .npz file, or one that is refused; the text says why, in one line."""


def load_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of the file, by its name. FileNotFoundError where there is none, else ArraysError."""
    with _opened(path) as archive:
        return {name: _values(archive, member) for name, member in _members(archive, path).items()}


def expect_npz(path: Path) -> None:
    """Errors as of `load_npz`, as far as the sizes and the arrays' headers tell."""
    with _opened(path) as archive:
        for member in _members(archive, path).values():
            with archive.open(member) as file:
                _header(file, member)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive at `path`. A damaged one fails in many ways, in zipfile, zlib and NumPy: all become an
    ArraysError."""
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if not path.is_file():
        raise ArraysError("it is a folder, a pipe or a device")
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except ArraysError:
        raise
    except Exception as error:
        said = shortened(printable(str(error)), 200) or type(error).__name__
        raise ArraysError(said) from error


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The arrays of a file that does not unpack to more than it may."""
    members = [one for one in archive.infolist() if one.filename.endswith(SUFFIX)]
    unpacked, most = sum(one.file_size for one in members), path.stat().st_size * EXPANSION
    if unpacked > max(most, MOST_OF_SMALL):
        raise ArraysError(
            f"it unpacks to {unpacked:,} bytes, over {EXPANSION} times its own; write it with numpy.savez, "
            "which does not compress"
        )
    return {one.filename.removesuffix(SUFFIX): one for one in members}


def _values(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(member) as file:
        shape, fortran, dtype = _header(file, member)
        flat = np.frombuffer(file.read(), dtype)
    return flat.reshape(shape, order="F" if fortran else "C").copy()


def _header(file: IO[bytes], member: zipfile.ZipInfo) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the first dimension varies fastest, and type, of an array with as many bytes."""
    name = shortened(printable(member.filename))
    version = np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
    if version not in ((1, 0), (2, 0)):
        raise ArraysError(f"{name} has version {version} of NumPy's format; 1.0 and 2.0 are read")
    read: Any = getattr(np.lib.format, f"read_array_header_{version[0]}_0")
    shape, fortran, dtype = read(file, max_header_size=MOST_HEADER)
    needed, given = math.prod(shape) * dtype.itemsize, member.file_size - file.tell()
    if dtype.hasobject:
        raise ArraysError(f"{name} holds Python objects, which are not read")
    if needed != given or min(shape, default=0) < 0:
        raise ArraysError(f"{name} has {given:,} bytes, its shape and type need {needed:,}")
    return shape, fortran, dtype
