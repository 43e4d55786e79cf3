"""The images: what a dataset is, a user's own file of them, and `dataset.npz`, which the next stage reads.

`dataset.npz` (NumPy, no pickled objects) holds

| array | type and shape | what it is |
| --- | --- | --- |
| `x_train`, `x_test` | uint8 or float32, (images, height, width, channels) | the images, see below |
| `y_train`, `y_test` | uint8, (images,) | the label of each image, an index into `classes` |
| `classes` | unicode, (classes,) | the name of each class |
| `validation` | int64, (validation images,) | the images of `x_train` that validated, not trained |
| `source` | unicode, () | where the images come from, one sentence |
| `sha256` | unicode, () | `Dataset.sha256`: 64 hexadecimal digits over the four arrays above |

Images are stored as they came, never scaled. Whoever feeds them to the network divides integer images by 255
and takes float images as they are; `network_input` is the one place in this stage that does so. MNIST and
Fashion-MNIST are uint8, (images, 28, 28, 1).
"""

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from contract.errors import UserError
from contract.files import replacing

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
MOST_CLASSES = 256  # labels are stored as uint8

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


def from_npz(path: Path) -> Dataset:
    """Read a user's own images from an .npz file.

    The file holds x_train and x_test, images of shape (images, height, width) or (images, height, width,
    channels), integers from 0 to 255 or floats, and y_train and y_test, one integer label from 0 an image.
    The arrays `classes` (a name for each label) and `source` (where the images come from) are optional.

    Raises UserError when the file cannot be read, an array is missing, or the arrays do not fit together.
    """
    stored = _read_arrays(path)
    missing = [name for name in ARRAYS if name not in stored]
    if missing:
        raise UserError(
            f"{path}: no array named {', '.join(missing)}; write the file with "
            "numpy.savez(file, x_train=..., y_train=..., x_test=..., y_test=...)"
        )
    x_train, x_test = (_checked_images(path, name, stored[name]) for name in ("x_train", "x_test"))
    if x_train.shape[1:] != x_test.shape[1:] or x_train.dtype != x_test.dtype:
        raise UserError(
            f"{path}: x_train holds {x_train.dtype} images of {_by(x_train.shape[1:])} and x_test "
            f"{x_test.dtype} images of {_by(x_test.shape[1:])}; both must have the same shape and type"
        )
    y_train = _checked_labels(path, "y_train", stored["y_train"], len(x_train))
    y_test = _checked_labels(path, "y_test", stored["y_test"], len(x_test))
    classes = _class_names(path, stored.get("classes"), int(max(y_train.max(), y_test.max())) + 1)
    unseen = sorted(set(range(len(classes))) - set(np.unique(y_train).tolist()))
    if unseen:
        raise UserError(
            f"{path}: no training image has the label {unseen[0]}; labels must run from 0 to "
            f"{len(classes) - 1} without a gap"
        )
    source = str(stored["source"]) if "source" in stored else f"the user's own file {path.name}"
    return Dataset(x_train, y_train, x_test, y_test, classes, source)


def _read_arrays(path: Path) -> Mapping[str, Array]:
    """Every array of the .npz file at `path`, by name."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; --data takes an .npz file")
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path}: not an .npz file; write one with numpy.savez")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as cause:
        raise UserError(f"{path}: cannot be read ({cause}); write it again with numpy.savez") from cause


def _checked_images(path: Path, name: str, images: Array) -> Array:
    """The images as uint8 or float32 with a channel axis; a UserError says what is wrong with them."""
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or 0 in images.shape:
        raise UserError(
            f"{path}: {name} has the shape {images.shape}; images must be "
            "(images, height, width) or (images, height, width, channels)"
        )
    if np.issubdtype(images.dtype, np.integer):
        if images.min() < 0 or images.max() > 255:
            raise UserError(
                f"{path}: {name} holds integers from {images.min()} to {images.max()}; integer images must "
                "be within 0 to 255, or be given as floats"
            )
        return images.astype(np.uint8)
    if np.issubdtype(images.dtype, np.floating):
        if not np.isfinite(images).all():
            raise UserError(f"{path}: {name} holds infinities or numbers that are not a number; remove them")
        return images.astype(np.float32)
    raise UserError(
        f"{path}: {name} is of type {images.dtype}; images must be integers from 0 to 255 or floats"
    )


def _checked_labels(path: Path, name: str, labels: Array, images: int) -> Array:
    """The labels as uint8; a UserError says what is wrong with them."""
    if labels.shape != (images,):
        raise UserError(
            f"{path}: {name} has the shape {labels.shape}; {images} images need {images} labels in one row "
            "(numpy.argmax(labels, axis=1) turns one-hot rows into labels, labels.ravel() a column)"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise UserError(f"{path}: {name} is of type {labels.dtype}; labels must be integers from 0")
    if labels.min() < 0 or labels.max() >= MOST_CLASSES:
        raise UserError(
            f"{path}: {name} holds labels from {labels.min()} to {labels.max()}; labels must be within 0 to "
            f"{MOST_CLASSES - 1}"
        )
    return labels.astype(np.uint8)


def _class_names(path: Path, names: Array | None, labels_used: int) -> tuple[str, ...]:
    """The name of each class: the file's own, or the labels themselves."""
    if names is None:
        names = np.arange(labels_used).astype(str)
    if names.ndim != 1 or names.dtype.kind != "U":
        raise UserError(f"{path}: classes must be a list of names, such as classes=['cat', 'dog']")
    if len(names) < labels_used:
        raise UserError(
            f"{path}: classes names {len(names)} classes but the labels go up to {labels_used - 1}"
        )
    if len(names) < 2:
        raise UserError(f"{path}: every image has the same label; there must be at least two classes")
    return tuple(str(name) for name in names)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in shape)
