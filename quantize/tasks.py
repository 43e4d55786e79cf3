"""Which task each output has, from the targets that come with it, and the targets in the task's own form."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.dataset import finite_floats, network_input, numbered_classes
from contract.errors import UserError
from contract.task import (
    BINARY,
    CLASSIFICATION,
    KINDS,
    RECONSTRUCTION,
    REGRESSION,
    UNKNOWN,
    Task,
    class_names,
)
from quantize.ports import SIGMOID, SOFTMAX, Port, Ports

AUTO = "auto"
CHOICES = (AUTO, *KINDS[:-1])


def task_of(ports: Ports, port: Port, targets: NDArray[Any] | None, asked: str = AUTO) -> str:
    """The task of the output `port` with `targets` (N, ...) as the file holds them.

    | targets | output | task |
    | --- | --- | --- |
    | none | as the input | reconstruction |
    | none | any other | unknown |
    | 0 or 1, one an input | as the input | reconstruction, with its anomalies labelled |
    | integers, shaped as the output without its last axis of two and more | | classification |
    | one-hot rows | no sigmoid | classification |
    | 0 and 1, shaped as the output | a sigmoid, or integers | binary |
    | floats, shaped as the output | | regression |

    `asked` is one of CHOICES; all but AUTO decide.
    """
    if asked != AUTO:
        return asked
    if targets is not None and not is_number(targets):
        return CLASSIFICATION  # where it is refused with a reason
    alike = len(ports.inputs) == len(ports.outputs) == 1 and port.shape == ports.inputs[0].shape
    rebuilds = alike and port.elements > 2 and port.ending != SOFTMAX
    if targets is None:
        return RECONSTRUCTION if rebuilds else UNKNOWN
    whole = np.issubdtype(targets.dtype, np.integer) or targets.dtype == np.bool_
    zeros_and_ones = bool(np.isin(targets, (0, 1)).all())
    if rebuilds and targets.size == len(targets) and zeros_and_ones:
        return RECONSTRUCTION
    if _fits(targets, port.shape):
        if port.elements > 1 and port.ending != SIGMOID and _is_one_hot(targets.reshape(-1, *port.shape)):
            return CLASSIFICATION
        return BINARY if zeros_and_ones and (whole or port.ending == SIGMOID) else REGRESSION
    return CLASSIFICATION if whole or port.ending == SOFTMAX else REGRESSION


def task_with_names(path: Path, kind: str, port: Port, names: NDArray[Any] | None) -> Task:
    """The task, its classes called as the file says. UserError where it names others than there are."""
    classes = {CLASSIFICATION: port.shape[-1] if port.shape else 1, BINARY: 2}.get(kind, 0)
    if kind == CLASSIFICATION and classes < 2:
        raise UserError(
            f"{path}: a classification needs an output for each class, the model gives {port.elements} value"
            "; TASK=binary or TASK=regression fits such an output"
        )
    if names is None:
        found = class_names(classes)
    elif classes and (names.shape != (classes,) or names.dtype.kind != "U"):
        raise UserError(f"{path}: classes must name the model's {classes} classes, one text each")
    else:
        found = tuple(str(name) for name in names) if classes else ()
    return Task(kind, found, cut=0.5 if kind == BINARY and port.ending == SIGMOID else 0.0)


def with_cut(task: Task, values: NDArray[Any]) -> Task:
    """A binary task whose outputs, of which `values` are all or the ends, are probabilities is cut at one
    half, though no sigmoid makes them."""
    if task.kind == BINARY and values.size and values.min() >= 0 and values.max() <= 1:
        return replace(task, cut=0.5)
    return task


def checked_rows(path: Path, name: str, targets: NDArray[Any]) -> NDArray[Any]:
    """Targets that are rows at all."""
    if targets.ndim == 0 or len(targets) == 0:
        raise UserError(f"{path}: {name} is empty; it needs a row for each input")
    return targets


def checked_targets(
    path: Path, name: str, kind: str, port: Port, targets: NDArray[Any], count: int
) -> NDArray[Any]:
    """The targets of `count` inputs, as contract.task says. UserError tells all that is wrong with them."""
    if not is_number(targets):
        raise UserError(
            f"{path}: {name} is of type {targets.dtype}; targets must be numbers (numpy.unique(labels, "
            "return_inverse=True)[1] numbers labels of any kind from 0)"
        )
    if len(targets) != count:
        raise UserError(
            f"{path}: {name} has {len(targets)} rows, but there are {count} inputs; give one each"
        )
    if kind == CLASSIFICATION:
        return _labels(path, name, port, targets)
    if not _fits(targets, port.shape):
        raise UserError(
            f"{path}: {name} has the shape {list(targets.shape)}; a {kind} of {count} inputs needs "
            f"{[count, *port.shape]}, what the model gives (TASK= names another task)"
        )
    targets = targets.reshape(count, *port.shape)
    if kind == BINARY:
        if not np.isin(targets, (0, 1)).all():
            raise UserError(
                f"{path}: {name} holds other values than 0 and 1; a binary output has the targets 0 and 1 "
                "(TASK=regression for real ones)"
            )
        return targets.astype(np.int64)
    if targets.dtype == np.uint8 and len(port.shape) == 3:
        return network_input(targets)  # images, as those that go in
    return finite_floats(path, name, targets)


def checked_anomalies(path: Path, name: str, labels: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Which of `count` inputs are anomalies."""
    if labels.size != count or not np.isin(labels, (0, 1)).all():
        raise UserError(
            f"{path}: {name} of an autoencoder says for each of the {count} inputs whether it is an anomaly: "
            "1 if so, else 0"
        )
    return labels.reshape(count).astype(np.int64)


def _labels(path: Path, name: str, port: Port, targets: NDArray[Any]) -> NDArray[np.int64]:
    """Class indices, from one-hot rows, too."""
    count, classes, places = len(targets), port.shape[-1], port.shape[:-1]
    if _fits(targets, port.shape) and _is_one_hot(targets.reshape(count, *port.shape)):
        indices: NDArray[np.int64] = targets.reshape(count, *port.shape).argmax(axis=-1)
        return indices
    if not _fits(targets, places):
        raise UserError(
            f"{path}: {name} has the shape {list(targets.shape)}; {count} inputs of a classifier need the "
            f"shape {[count, *places]}, the index of a class each (numpy.argmax(labels, axis=-1) makes "
            "indices of one row a class, labels.ravel() of a column)"
        )
    if not np.issubdtype(targets.dtype, np.integer) and not (
        np.isfinite(targets).all() and np.array_equal(targets, np.round(targets))
    ):
        raise UserError(
            f"{path}: {name} is of type {targets.dtype}; the labels of a classifier are integers from 0 "
            "(TASK=regression for real targets)"
        )
    return numbered_classes(path, name, targets.reshape(count, *places).astype(np.int64), classes)


def is_number(values: NDArray[Any]) -> bool:
    """Whether these are whole numbers, real ones, or true and false."""
    return values.dtype.kind in "iufb"


def _fits(values: NDArray[Any], shape: tuple[int, ...]) -> bool:
    """Whether rows of `values` have `shape`, axes of one element aside."""
    return [length for length in values.shape[1:] if length != 1] == [
        length for length in shape if length != 1
    ]


def _is_one_hot(targets: NDArray[Any]) -> bool:
    """Whether each row along the last axis is 0 but for a single 1."""
    return bool(np.isin(targets, (0, 1)).all() and (targets.sum(axis=-1) == 1).all())
