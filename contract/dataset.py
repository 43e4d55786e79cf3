"""dataset.npz: labelled images, as train writes them and quantize reads them.

The file (NumPy, no pickled objects) holds

| array | type and shape | what it is |
| --- | --- | --- |
| `x_train`, `x_test` | uint8 or float32, (images, height, width, channels) | the images, see below |
| `y_train`, `y_test` | uint8, (images,) | the label of each image, an index into `classes` |
| `classes` | unicode, (classes,) | the name of each class |
| `validation` | int64, (validation images,) | the images of `x_train` that validated, not trained |
| `source` | unicode, () | where the images come from, one sentence |
| `sha256` | unicode, () | `Dataset.sha256`: 64 hexadecimal digits over the four arrays above |

Images are stored as they came, never scaled. Whoever feeds them to the network divides integer images by 255
and takes float images as they are; `network_input` is the one place that does so. MNIST and
Fashion-MNIST are uint8, (images, 28, 28, 1).

A user's own file may lack all but the first four; what reads it says what it needs.
"""

import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from contract.arrays import ArraysError, expect_npz, load_npz
from contract.errors import UserError
from contract.files import replacing

ARRAYS = ("x_train", "y_train", "x_test", "y_test")

Array = npt.NDArray[Any]
FloatImages = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Dataset:
    """Labelled images in a training and a test set; the arrays are as the module's docstring says."""

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    classes: tuple[str, ...]
    source: str

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one image."""
        height, width, channels = self.x_train.shape[1:]
        return int(height), int(width), int(channels)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the four arrays, 64 hexadecimal digits.

        For x_train, y_train, x_test and y_test in this order, it covers the line `name dtype shape` (such as
        `x_train uint8 60000x28x28x1`, in ASCII, ended by a newline) and then the elements in C order, little
        endian.
        """
        digest = hashlib.sha256()
        for name in ARRAYS:
            array = getattr(self, name)
            shape = "x".join(str(length) for length in array.shape)
            digest.update(f"{name} {array.dtype.name} {shape}\n".encode("ascii"))
            digest.update(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        return digest.hexdigest()

    def save(self, path: Path, validation: Array) -> None:
        """Write `dataset.npz` to `path`, whole or not at all.

        `validation` holds the indices of the images of x_train that were set aside for validation.
        """
        with replacing(path) as temporary:
            np.savez_compressed(
                temporary,
                **{name: getattr(self, name) for name in ARRAYS},
                validation=validation,
                classes=np.array(self.classes),
                source=np.array(self.source),
                sha256=np.array(self.sha256),
            )


def network_input(images: Array) -> FloatImages:
    """The images as the network takes them: float32, (images, height, width, channels).

    Integer images, 0 to 255, are divided by 255; float images are taken as they are.
    """
    if np.issubdtype(images.dtype, np.integer):
        return images.astype(np.float32) / np.float32(255)
    return images.astype(np.float32, copy=False)


def read_arrays(path: Path, needed: Sequence[str]) -> dict[str, Array]:
    """Every array of the .npz file at `path`, by name. UserError where it cannot be read or lacks one that is
    needed."""
    with _refusing(path):
        stored = load_npz(path)
    if missing := [name for name in needed if name not in stored]:
        raise UserError(
            f"{path}: no array named {', '.join(missing)}; write the file with "
            f"numpy.savez(file, {', '.join(f'{name}=...' for name in needed)})"
        )
    return stored


def expect_arrays(path: Path) -> None:
    """UserError where `read_arrays` would refuse the file at `path`, without reading the arrays."""
    with _refusing(path):
        expect_npz(path)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """UserError for what is wrong with the file at `path`."""
    if not path.exists():
        raise UserError(f"{path}: there is no such file; it must be an .npz file")
    if path.is_file() and not zipfile.is_zipfile(path):
        raise UserError(f"{path}: not an .npz file; write one with numpy.savez")
    try:
        yield
    except (OSError, ArraysError) as error:
        raise UserError(f"{path}: cannot be read ({error}); write it again with numpy.savez") from error


def checked_images(path: Path, name: str, images: Array) -> Array:
    """The images as uint8 or float32, in whatever shape they have. UserError says what is wrong with them."""
    if np.issubdtype(images.dtype, np.integer):
        if images.size and (images.min() < 0 or images.max() > 255):
            raise UserError(
                f"{path}: {name} holds integers from {images.min()} to {images.max()}; integer images must "
                "be within 0 to 255, or be given as floats"
            )
        return images.astype(np.uint8)
    if np.issubdtype(images.dtype, np.floating):
        return finite_floats(path, name, images)
    raise UserError(
        f"{path}: {name} is of type {images.dtype}; images must be integers from 0 to 255 or floats"
    )


def finite_floats(path: Path, name: str, values: Array) -> FloatImages:
    """Numbers of any type as float32. UserError where they are none, or not finite."""
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == np.bool_) or np.iscomplexobj(values):
        raise UserError(f"{path}: {name} is of type {values.dtype}; it must hold numbers")
    if not np.isfinite(values).all():
        raise UserError(f"{path}: {name} holds infinities or numbers that are not a number; remove them")
    return values.astype(np.float32)


def checked_labels(path: Path, name: str, labels: Array, images: int, classes: int) -> npt.NDArray[np.int64]:
    """The labels of `images` images, from 0 to `classes` - 1. UserError says what is wrong with them."""
    if labels.shape != (images,):
        raise UserError(
            f"{path}: {name} has the shape {labels.shape}; {images} images need {images} labels in one row "
            "(numpy.argmax(labels, axis=1) turns one-hot rows into labels, labels.ravel() a column)"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"{path}: {name} is of type {labels.dtype}; labels must be integers from 0")
    return numbered_classes(path, name, labels, classes)


def numbered_classes(path: Path, name: str, labels: Array, classes: int) -> npt.NDArray[np.int64]:
    """Labels of any shape as indices of `classes` classes. UserError where some are beyond."""
    if labels.min() < 0 or labels.max() >= classes:
        raise UserError(
            f"{path}: {name} holds labels from {labels.min()} to {labels.max()}; labels must be within 0 to "
            f"{classes - 1} (numpy.unique(labels, return_inverse=True)[1] numbers any labels from 0)"
        )
    return labels.astype(np.int64)
