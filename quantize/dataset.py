"""The images that quantisation needs: `dataset.npz`, and the draw of the representative dataset from it.

`contract/dataset.py` describes the file, which `python -m train` writes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.dataset import checked_images, checked_labels, network_input, read_arrays
from contract.errors import UserError

VALIDATION_SHARE = 12  # without an array `validation`, one training image in this many validates
VALIDATION_SEED = 0

Images = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class TestSet:
    """Labelled images as the network takes them: float32, (images, *input shape); labels from 0."""

    __test__ = False  # pytest: this is no test

    x_test: Images
    y_test: Labels
    classes: tuple[str, ...]
    source: str | None
    sha256: str | None


@dataclass(frozen=True)
class Dataset(TestSet):
    """A test set with the images to train on, in the same form."""

    x_train: Images  # without the validation images
    y_train: Labels
    x_validation: Images
    y_validation: Labels


def read_test_set(path: Path, input_shape: tuple[int, ...], outputs: int) -> TestSet:
    """Read the test images at `path`, as `read_dataset` does, from a file that may hold no others."""
    return _test_set(path, read_arrays(path, ("x_test", "y_test")), input_shape, outputs)


def read_dataset(path: Path, input_shape: tuple[int, ...], outputs: int) -> Dataset:
    """Read the dataset at `path` for a network of `input_shape` (without the batch) and `outputs` classes.

    Integer images, 0 to 255, are divided by 255; float images are taken as they are. Images that lack only a
    last axis of one channel are given it. The training images whose indices are in `validation` become the
    validation images; without this array a seeded twelfth of them does.

    Raises UserError for a file that cannot be read, a missing array, another image shape than the network's,
    and labels that are not integers from 0 to `outputs` - 1.
    """
    stored = read_arrays(path, ("x_train", "y_train", "x_test", "y_test"))
    x_train = _images(path, "x_train", stored["x_train"], input_shape)
    y_train = checked_labels(path, "y_train", stored["y_train"], len(x_train), outputs)
    held_out = _validation(path, stored.get("validation"), len(x_train))
    return Dataset(
        x_train=x_train[~held_out],
        y_train=y_train[~held_out],
        x_validation=x_train[held_out],
        y_validation=y_train[held_out],
        **vars(_test_set(path, stored, input_shape, outputs)),
    )


def draw_balanced(labels: Labels, count: int, seed: int) -> NDArray[np.int64]:
    """`count` indices into `labels`, the same for the same `seed`, as many of each class as there can be.

    Classes differ by one image at most, unless a class has too few: then the others fill its place. The
    order is random. All indices are drawn where `count` is at least their number.
    """
    rng = np.random.default_rng(seed)
    waiting = [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    drawn: list[int] = []
    turn = 0
    while len(drawn) < min(count, len(labels)):
        # One image of every class that has one left, in a new order of classes each turn.
        left = [images for images in waiting if turn < len(images)]
        drawn += [int(left[place][turn]) for place in rng.permutation(len(left))]
        turn += 1
    return rng.permutation(np.array(drawn[:count], dtype=np.int64))


def _test_set(
    path: Path, stored: dict[str, NDArray[Any]], input_shape: tuple[int, ...], outputs: int
) -> TestSet:
    x_test = _images(path, "x_test", stored["x_test"], input_shape)
    return TestSet(
        x_test=x_test,
        y_test=checked_labels(path, "y_test", stored["y_test"], len(x_test), outputs),
        classes=_classes(path, stored.get("classes"), outputs),
        source=str(stored["source"]) if "source" in stored else None,
        sha256=str(stored["sha256"]) if "sha256" in stored else None,
    )


def _images(path: Path, name: str, images: NDArray[Any], input_shape: tuple[int, ...]) -> Images:
    if (*images.shape[1:], 1) == input_shape:
        images = images[..., np.newaxis]
    if len(images) == 0 or images.shape[1:] != input_shape:
        raise UserError(
            f"{path}: {name} has the shape {list(images.shape)}, but the model takes images of the shape "
            f"{list(input_shape)}; give the images the model was trained on"
        )
    return network_input(checked_images(path, name, images))


def _validation(path: Path, indices: NDArray[Any] | None, images: int) -> NDArray[np.bool_]:
    """Which of the training images validate, as a mask."""
    if indices is None:
        order = np.random.default_rng(VALIDATION_SEED).permutation(images)
        indices = order[: images // VALIDATION_SHARE]
    if indices.ndim != 1 or not np.issubdtype(indices.dtype, np.integer):
        raise UserError(f"{path}: validation must be one row of indices into x_train")
    if len(indices) and not (indices.min() >= 0 and indices.max() < images):
        raise UserError(f"{path}: validation names images outside x_train, which has {images}")
    mask = np.zeros(images, dtype=bool)
    mask[indices] = True
    if mask.all():
        raise UserError(f"{path}: validation names every image of x_train; leave some to train on")
    return mask


def _classes(path: Path, names: NDArray[Any] | None, outputs: int) -> tuple[str, ...]:
    if names is None:
        return tuple(str(label) for label in range(outputs))
    if names.shape != (outputs,) or names.dtype.kind != "U":
        raise UserError(f"{path}: classes must name the model's {outputs} outputs, one text each")
    return tuple(str(name) for name in names)
