"""The data that quantisation needs: an .npz file, and the draw of the representative dataset from it.

| arrays | what they are |
| --- | --- |
| `x_train`, `x_test` | the inputs, one row each; of a model with several: `x_train_<name>` each |
| `y_train`, `y_test` | the targets, see quantize.tasks; of several outputs: `y_train_<name>` each |
| `validation` | the rows of x_train that validate; without it a seeded twelfth |
| `classes` | the names of the classes; of several outputs: `classes_<name>` |
| `source`, `sha256` | where the data comes from, and its hash, as contract.dataset describes them |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.dataset import checked_images, finite_floats, network_input, read_arrays
from contract.errors import UserError
from contract.task import RECONSTRUCTION, UNKNOWN, Task
from quantize.ports import Port, Ports
from quantize.tasks import (
    AUTO,
    checked_anomalies,
    checked_rows,
    checked_targets,
    is_number,
    task_of,
    task_with_names,
)

VALIDATION_SHARE = 12  # without an array `validation`, one training image in this many validates
VALIDATION_SEED = 0

Array = NDArray[Any]


@dataclass(frozen=True)
class Samples:
    """N inputs with their targets, as the network takes and gives them."""

    inputs: tuple[NDArray[np.float32], ...]  # (N, *input shape) of each input
    targets: tuple[Array | None, ...]  # of each output, as contract.task says; None: unknown
    anomalies: NDArray[np.int64] | None = None  # (N,), where a reconstruction has such labels

    def __len__(self) -> int:
        return len(self.inputs[0])

    def of(self, chosen: Any) -> "Samples":
        """Those that an index or a mask chooses."""
        return Samples(
            tuple(one[chosen] for one in self.inputs),
            tuple(None if one is None else one[chosen] for one in self.targets),
            None if self.anomalies is None else self.anomalies[chosen],
        )

    @property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """The lowest and the highest value of each input."""
        return tuple((float(one.min()), float(one.max())) for one in self.inputs)

    @property
    def images(self) -> NDArray[np.float32]:
        """The inputs of a model with a single one."""
        (only,) = self.inputs
        return only

    @property
    def labels(self) -> NDArray[np.int64]:
        """The labels of a classifier with a single output."""
        (only,) = self.targets
        assert only is not None
        return only


@dataclass(frozen=True)
class TestSet:
    """What is sent to the board."""

    __test__ = False  # pytest: this is no test

    test: Samples
    tasks: tuple[Task, ...]  # of each output
    source: str | None
    sha256: str | None


@dataclass(frozen=True)
class Dataset(TestSet):
    """A test set with the data to train on."""

    train: Samples  # without those that validate
    validation: Samples


def read_test_set(path: Path, ports: Ports, asked: str = AUTO) -> TestSet:
    """Read the test data at `path`, as `read_dataset` does, from a file that may hold no other."""
    stored = _stored(path, ports, ("x_test",))
    kinds = _kinds(path, ports, stored, ("y_test",), asked)
    return TestSet(_samples(path, ports, stored, kinds, "test"), *_told(path, ports, stored, kinds))


def read_dataset(path: Path, ports: Ports, asked: str = AUTO) -> Dataset:
    """Read the dataset at `path` for a model with `ports`; `asked` is a task, or auto.

    Integers within 0 to 255 are divided by 255, unless the model takes integers (see Port) or a single row of
    features that are no uint8; floats are taken as they are. Axes of one element may be missing.

    Raises UserError for a file that cannot be read, a missing array, other shapes than the model's, values
    that are not finite, and targets that do not fit an output.
    """
    stored = _stored(path, ports, ("x_train", "x_test"))
    kinds = _kinds(path, ports, stored, ("y_train", "y_test"), asked)
    train = _samples(path, ports, stored, kinds, "train")
    held_out = _validation(path, stored.get("validation"), len(train))
    test = _samples(path, ports, stored, kinds, "test")
    return Dataset(
        test, *_told(path, ports, stored, kinds), train=train.of(~held_out), validation=train.of(held_out)
    )


def read_representative(path: Path, ports: Ports) -> tuple[NDArray[np.float32], ...]:
    """The inputs of a representative dataset: an .npz file with x_train (or x_train_<name> each) alone."""
    stored = _stored(path, ports, ("x_train",))
    return _samples(path, ports, stored, [UNKNOWN] * len(ports.outputs), "train").inputs


def draw(samples: Samples, tasks: Sequence[Task], count: int, seed: int) -> NDArray[np.int64]:
    """`count` indices into `samples`, the same for the same `seed`: balanced over the classes where the first
    output puts the whole input into one, else without regard to anything."""
    first = samples.targets[0]
    if tasks[0].has_answers and first is not None and first.size == len(samples):
        return draw_balanced(first.reshape(-1), count, seed)
    return draw_balanced(np.zeros(len(samples), np.int64), count, seed)


def draw_balanced(labels: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
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


def _stored(path: Path, ports: Ports, arrays: Sequence[str]) -> dict[str, Array]:
    """The file's arrays. UserError names all inputs' arrays that it lacks."""
    return read_arrays(path, [ports.key(array, port) for array in arrays for port in ports.inputs])


def _kinds(
    path: Path, ports: Ports, stored: dict[str, Array], arrays: Sequence[str], asked: str
) -> list[str]:
    """The task of each output, from the targets of all `arrays` together."""
    kinds = []
    for port in ports.outputs:
        found = [
            checked_rows(path, key, stored[key])
            for array in arrays
            if (key := ports.key(array, port)) in stored
        ]
        alike = len({one.shape[1:] for one in found}) == 1 and all(is_number(one) for one in found)
        targets = np.concatenate(found) if alike else next(iter(found), None)
        kinds.append(task_of(ports, port, targets, asked))
    return kinds


def _told(
    path: Path, ports: Ports, stored: dict[str, Array], kinds: Sequence[str]
) -> tuple[tuple[Task, ...], str | None, str | None]:
    """Tasks, source and hash."""
    tasks = tuple(
        task_with_names(path, kind, port, stored.get(ports.key("classes", port)))
        for kind, port in zip(kinds, ports.outputs, strict=True)
    )
    source, sha256 = (str(stored[name]) if name in stored else None for name in ("source", "sha256"))
    return tasks, source, sha256


def _samples(path: Path, ports: Ports, stored: dict[str, Array], kinds: Sequence[str], half: str) -> Samples:
    """What the file holds for training or for the test: `half` is train or test."""
    inputs = []
    for port in ports.inputs:
        key = ports.key(f"x_{half}", port)
        inputs.append(network_values(path, key, stored[key], port))
        if len(inputs[-1]) != len(inputs[0]):
            raise UserError(
                f"{path}: {key} has {len(inputs[-1])} rows and {ports.key(f'x_{half}', ports.inputs[0])} "
                f"{len(inputs[0])}; every input needs as many"
            )
    count, anomalies = len(inputs[0]), None
    targets: list[Array | None] = []
    for port, kind in zip(ports.outputs, kinds, strict=True):
        key = ports.key(f"y_{half}", port)
        if kind == RECONSTRUCTION:
            if len(inputs) > 1 or port.shape != ports.inputs[0].shape:
                raise UserError(
                    f"{path}: a reconstruction gives back its only input, but {list(port.shape)} comes out "
                    f"of {', '.join(str(list(one.shape)) for one in ports.inputs)}; TASK=regression has "
                    "other targets"
                )
            targets.append(inputs[0])
            if key in stored:
                anomalies = checked_anomalies(path, key, stored[key], count)
        elif kind == UNKNOWN:
            targets.append(None)
        elif key not in stored:
            raise UserError(f"{path}: no array named {key}; give the targets of every part, or of none")
        else:
            targets.append(checked_targets(path, key, kind, port, stored[key], count))
    return Samples(tuple(inputs), tuple(targets), anomalies)


def network_values(path: Path, name: str, values: Array, port: Port) -> NDArray[np.float32]:
    """The values of an input as the network takes them: float32, (N, *shape)."""
    count = len(values) if values.ndim else 0
    given = [length for length in values.shape[1:] if length != 1]
    if count == 0 or given != [length for length in port.shape if length != 1]:
        raise UserError(
            f"{path}: {name} has the shape {list(values.shape)}, but the model takes inputs of the shape "
            f"{list(port.shape)}, one row each; give the data the model was trained on"
        )
    values = values.reshape(count, *port.shape)
    raw = port.raw
    if raw is not None and raw.quantization is not None and values.dtype == raw.dtype:
        scale, zero_point = raw.scale_and_zero_point
        return (np.float32(scale) * (values.astype(np.float32) - zero_point)).astype(np.float32)
    is_table = len(port.shape) == 1 and values.dtype != np.uint8
    if port.rows is not None and not np.isin(values, np.arange(port.rows)).all():
        raise UserError(
            f"{path}: {name} holds numbers from {values.min()} to {values.max()}; an Embedding of "
            f"{port.rows} rows takes whole ones from 0 to {port.rows - 1}"
        )
    if port.takes_integers or is_table or values.dtype == np.bool_:
        return finite_floats(path, name, values)
    return network_input(checked_images(path, name, values))


def _validation(path: Path, indices: Array | None, images: int) -> NDArray[np.bool_]:
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
