"""Files that are there whole or not at all, and their hashes."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from contract.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends without an error, rename it to `path`.

    The temporary name keeps the suffix of `path`, since numpy and Keras choose their format by it. On an
    error the temporary file is removed and what stood at `path` before is untouched. An OSError names `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    """Write each text as UTF-8 to the file of its name in `folder`: all, or where one fails none."""
    with ExitStack() as files:
        for name, text in texts.items():
            files.enter_context(replacing(folder / name)).write_text(text, encoding="utf-8")


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def read_file(path: Path, next_step: str) -> bytes:
    """The bytes of the file at `path`. UserError, which ends in `next_step`, where it cannot be read or is
    no file: a pipe or a device has no end that could be waited for."""
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"cannot read {path}: it is a {_kind(path)}; {next_step}")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; {next_step}") from error


def _kind(path: Path) -> str:
    if path.is_dir():
        return "folder"
    return "pipe" if path.is_fifo() else "device or socket"


def sha256(data: bytes) -> str:
    """The SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of(path: Path) -> str:
    """The SHA-256 of the file at `path` as 64 hexadecimal digits."""
    return sha256(path.read_bytes())
