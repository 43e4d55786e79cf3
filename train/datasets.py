"""A user's own file of labelled images, checked, as a dataset to train on."""

from pathlib import Path

import numpy as np

from contract.dataset import ARRAYS, Array, Dataset, checked_images, checked_labels, read_arrays
from contract.errors import UserError

MOST_CLASSES = 256  # labels are stored as uint8


def from_npz(path: Path) -> Dataset:
    """Read a user's own images from an .npz file.

    The file holds x_train and x_test, images of shape (images, height, width) or (images, height, width,
    channels), integers from 0 to 255 or floats, and y_train and y_test, one integer label from 0 an image.
    The arrays `classes` (a name for each label) and `source` (where the images come from) are optional.

    Raises UserError when the file cannot be read, an array is missing, or the arrays do not fit together.
    """
    stored = read_arrays(path, ARRAYS)
    x_train, x_test = (_images(path, name, stored[name]) for name in ("x_train", "x_test"))
    if x_train.shape[1:] != x_test.shape[1:] or x_train.dtype != x_test.dtype:
        raise UserError(
            f"{path}: x_train holds {x_train.dtype} images of {_by(x_train.shape[1:])} and x_test "
            f"{x_test.dtype} images of {_by(x_test.shape[1:])}; both must have the same shape and type"
        )
    y_train = _labels(path, "y_train", stored["y_train"], len(x_train))
    y_test = _labels(path, "y_test", stored["y_test"], len(x_test))
    classes = _class_names(path, stored.get("classes"), int(max(y_train.max(), y_test.max())) + 1)
    unseen = sorted(set(range(len(classes))) - set(np.unique(y_train).tolist()))
    if unseen:
        raise UserError(
            f"{path}: no training image has the label {unseen[0]}; labels must run from 0 to "
            f"{len(classes) - 1} without a gap"
        )
    source = str(stored["source"]) if "source" in stored else f"the user's own file {path.name}"
    return Dataset(x_train, y_train, x_test, y_test, classes, source)


def _images(path: Path, name: str, images: Array) -> Array:
    """The images as uint8 or float32 with a channel axis; a UserError says what is wrong with them."""
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or 0 in images.shape:
        raise UserError(
            f"{path}: {name} has the shape {images.shape}; images must be "
            "(images, height, width) or (images, height, width, channels)"
        )
    return checked_images(path, name, images)


def _labels(path: Path, name: str, labels: Array, images: int) -> Array:
    return checked_labels(path, name, labels, images, MOST_CLASSES).astype(np.uint8)


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
