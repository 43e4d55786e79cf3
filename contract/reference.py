"""reference.npz: what is sent to the board, and what must come back."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import UserError
from contract.files import replacing
from contract.manifest import TensorInfo
from contract.protocol import TensorType


@dataclass(frozen=True)
class Reference:
    """A test set as the board sees it, in its order: a model with a state begins at the first. N images; the
    shapes behind N are the manifest's without the batch. Of several inputs or outputs it holds the bytes, one
    behind the other: uint8 (N, bytes of all)."""

    inputs: NDArray[Any]  # (N, *input shape), of the input's type: int8, uint8, float32, ...
    outputs: NDArray[Any]  # (N, *output shape), of the output's type, by TensorFlow Lite Micro
    labels: NDArray[np.int64] | None  # (N,), class indices; None for inputs nobody has labelled
    float_predictions: NDArray[np.float32] | None  # (N, classes), by the float model; None without one
    sha256: str  # of the flatbuffer that gave `outputs`
    dataset_sha256: str  # of the images and labels; empty without a dataset

    def write(self, path: Path) -> None:
        arrays: dict[str, NDArray[np.generic]] = {
            "inputs": self.inputs,
            "outputs": self.outputs,
            "sha256": np.array(self.sha256),
            "dataset_sha256": np.array(self.dataset_sha256),
        }
        if self.labels is not None:
            arrays["labels"] = self.labels
        if self.float_predictions is not None:
            arrays["float_predictions"] = self.float_predictions
        with replacing(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **arrays)


def row_of(tensors: Sequence[TensorInfo]) -> tuple[str, tuple[int, ...]]:
    """Type and shape of what is held for one image of a model with these inputs or outputs."""
    if len(tensors) == 1:
        return tensors[0].type, tensors[0].shape[1:]
    return "uint8", (sum(math.prod(one.shape) * np.dtype(one.type).itemsize for one in tensors),)


def joined(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """What is held for a model with these inputs or outputs (N, ...)."""
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate([_rows_of_bytes(array) for array in arrays], axis=1)


def equal(outputs: NDArray[Any], expected: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of N outputs (N, ...) equal the expected ones in every byte, whatever the types."""
    same: NDArray[np.bool_] = (_rows_of_bytes(outputs) == _rows_of_bytes(expected)).all(axis=1)
    return same


def _rows_of_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)


def _of_edge_type(values: NDArray[Any]) -> NDArray[Any]:
    """The values as they are. TypeError where their type is none that a model's input or output has."""
    if values.dtype not in [one.dtype for one in TensorType]:
        raise TypeError(f"it holds {values.dtype}")
    return values


def read_reference(path: Path) -> Reference:
    """Read the reference at `path`. UserError where it is missing or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            reference = Reference(
                inputs=_of_edge_type(arrays["inputs"]),
                outputs=_of_edge_type(arrays["outputs"]),
                labels=arrays["labels"].astype(np.int64) if "labels" in arrays else None,
                float_predictions=arrays.get("float_predictions"),
                sha256=str(arrays["sha256"]),
                dataset_sha256=str(arrays["dataset_sha256"]),
            )
    except FileNotFoundError as error:
        raise UserError(f"there is no {path}; python -m quantize writes it") from error
    except Exception as error:  # a damaged zip file can fail in many ways
        raise UserError(f"{path} is damaged ({error}); make it again with python -m quantize") from error
    counts = {
        len(array)
        for array in (reference.inputs, reference.outputs, reference.labels, reference.float_predictions)
        if array is not None
    }
    if len(counts) != 1 or counts == {0}:
        raise UserError(f"{path} is damaged: its arrays differ in length; quantise again")
    return reference
