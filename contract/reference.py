"""reference.npz: what is sent to the board, and what must come back."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.arrays import ArraysError, load_npz
from contract.errors import UserError
from contract.files import replacing
from contract.manifest import Manifest, TensorInfo
from contract.protocol import TensorType
from contract.task import BINARY, CLASSIFICATION, UNKNOWN, Task
from contract.text import shortened

AGAIN = "quantise again"
MOST_OUTPUTS = 255  # of a model, as the protocol counts them


@dataclass(frozen=True)
class Reference:
    """A test set as the board sees it, in its order: a model with a state begins at the first. N images; the
    shapes behind N are the manifest's without the batch. Of several inputs or outputs it holds the bytes, one
    behind the other: uint8 (N, bytes of all)."""

    inputs: NDArray[Any]  # (N, *input shape), of the input's type: int8, uint8, float32, ...
    outputs: NDArray[Any]  # (N, *output shape), of the output's type, by TensorFlow Lite Micro
    targets: tuple[NDArray[Any] | None, ...]  # one for each output, as contract.task says; None: unknown
    float_predictions: tuple[NDArray[np.float32], ...] | None  # (N, *output shape) each; None without a model
    sha256: str  # of the flatbuffer that gave `outputs`
    dataset_sha256: str  # of the images and labels; empty without a dataset
    anomalies: NDArray[np.int64] | None = None  # (N,), 1 for what a reconstruction is meant to fail on

    def write(self, path: Path) -> None:
        arrays: dict[str, NDArray[np.generic]] = {
            "inputs": self.inputs,
            "outputs": self.outputs,
            "sha256": np.array(self.sha256),
            "dataset_sha256": np.array(self.dataset_sha256),
            "output_count": np.array(len(self.targets)),
        }
        if self.anomalies is not None:
            arrays["anomalies"] = self.anomalies
        for place, values in enumerate(self.targets):
            if values is not None:
                arrays[f"targets_{place}"] = values
        for place, predictions in enumerate(self.float_predictions or ()):
            arrays[f"float_predictions_{place}"] = predictions
        with replacing(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **arrays)

    def of(self, chosen: NDArray[np.int64]) -> "Reference":
        """Those at the positions `chosen`."""
        return replace(
            self,
            inputs=self.inputs[chosen],
            outputs=self.outputs[chosen],
            targets=tuple(None if one is None else one[chosen] for one in self.targets),
            float_predictions=None
            if self.float_predictions is None
            else tuple(one[chosen] for one in self.float_predictions),
            anomalies=None if self.anomalies is None else self.anomalies[chosen],
        )


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


def separate(values: NDArray[Any], tensors: Sequence[TensorInfo]) -> list[NDArray[Any]]:
    """What each of a model's inputs or outputs has of `values`, as they are held: (N, *shape) each."""
    if len(tensors) == 1:
        return [values]
    parts, start = [], 0
    for tensor in tensors:
        kind = np.dtype(tensor.type)
        end = start + math.prod(tensor.shape) * kind.itemsize
        part = np.ascontiguousarray(values[:, start:end])
        parts.append(part.view(kind).reshape(len(values), *tensor.shape[1:]))
        start = end
    return parts


def stored_values(reals: NDArray[Any], type: np.dtype[Any], scale: float, zero_point: int) -> NDArray[Any]:
    """Real numbers as an input of this type takes them: round(real / scale) + zero point, halves to even,
    clamped; or as they are without a scale."""
    if not scale or type.kind == "f":
        return reals.astype(type)
    scaled = np.round(reals.astype(np.float32) / np.float32(scale)) + zero_point
    limits = np.iinfo(type)
    return np.clip(scaled, limits.min, limits.max).astype(type)


def real_values(values: NDArray[Any], tensors: Sequence[TensorInfo]) -> list[NDArray[np.float32]]:
    """The same as real numbers: scale * (value - zero point), or as they are without a scale."""
    return [
        (info.scale * (part.astype(np.float32) - info.zero_point)).astype(np.float32)
        if info.scale
        else part.astype(np.float32)
        for part, info in zip(separate(values, tensors), tensors, strict=True)
    ]


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
        arrays = load_npz(path)
        count = int(arrays["output_count"])
        if not 0 < count <= MOST_OUTPUTS:
            raise ArraysError(f"it has {count} outputs")
        predictions = [
            arrays[name] for place in range(count) if (name := f"float_predictions_{place}") in arrays
        ]
        reference = Reference(
            inputs=_of_edge_type(arrays["inputs"]),
            outputs=_of_edge_type(arrays["outputs"]),
            targets=tuple(arrays.get(f"targets_{place}") for place in range(count)),
            float_predictions=tuple(predictions) or None,
            sha256=str(arrays["sha256"]),
            dataset_sha256=str(arrays["dataset_sha256"]),
            anomalies=arrays["anomalies"].astype(np.int64) if "anomalies" in arrays else None,
        )
        _expect_rows(reference)
    except FileNotFoundError as error:
        raise UserError(f"there is no {path}; python -m quantize writes it") from error
    except KeyError as error:
        raise UserError(
            f"{path} is damaged (it lacks {error}); make it again with python -m quantize"
        ) from error
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error}); make it again with python -m quantize") from error
    return reference


def _expect_rows(reference: Reference) -> None:
    """ArraysError where the arrays have not one row for each input, or hold no finite numbers."""
    predictions = reference.float_predictions or ()
    parts = (reference.inputs, reference.outputs, reference.anomalies, *reference.targets, *predictions)
    counts = {array.shape[:1] for array in parts if array is not None}
    if len(counts) != 1 or counts & {(), (0,)}:
        raise ArraysError("its arrays differ in length")
    if len(predictions or reference.targets) != len(reference.targets):
        raise ArraysError("it lacks predictions of some outputs")
    for array in (*reference.targets, *predictions):
        if array is not None and (array.dtype.kind not in "biuf" or not np.isfinite(array).all()):
            raise ArraysError("targets or predictions are not finite numbers")
    if reference.anomalies is not None and not np.isin(reference.anomalies, (0, 1)).all():
        raise ArraysError("anomalies are labelled by other numbers than 0 and 1")


def expect_reference_of(path: Path, reference: Reference, manifest: Manifest) -> None:
    """UserError, which names `path`, where the reference is of another model than the manifest, has other
    shapes, or labels of classes that the model has not."""
    if reference.sha256 != manifest.sha256:
        raise UserError(
            f"{path} belongs to another model, {shortened(reference.sha256)}, than the manifest, "
            f"{manifest.sha256}; {AGAIN}"
        )
    for name, array, tensors in (
        ("inputs", reference.inputs, manifest.inputs),
        ("outputs", reference.outputs, manifest.outputs),
    ):
        kind, shape = row_of(tensors)
        if (array.dtype.name, array.shape[1:]) != (kind, shape):
            raise UserError(
                f"{path} has {name} of type {array.dtype} and shape {list(array.shape[1:])}, the manifest "
                f"says {kind} {list(shape)}; {AGAIN}"
            )
    if len(reference.targets) != len(manifest.outputs):
        raise UserError(
            f"{path} has {len(reference.targets)} outputs, the manifest {len(manifest.outputs)}; {AGAIN}"
        )
    predictions = reference.float_predictions or (None,) * len(manifest.outputs)
    for info, task, targets, exact in zip(
        manifest.outputs, manifest.tasks, reference.targets, predictions, strict=True
    ):
        if exact is not None and (exact.dtype.kind, exact.shape[1:]) != ("f", info.shape[1:]):
            raise UserError(
                f"{path} has predictions of shape {list(exact.shape[1:])} for the output {info.name} of "
                f"{list(info.shape[1:])}; {AGAIN}"
            )
        if targets is not None and task.kind != UNKNOWN:
            _expect_targets(path, targets, info, task)


def _expect_targets(path: Path, targets: NDArray[Any], info: TensorInfo, task: Task) -> None:
    shape = info.shape[1:]
    each = math.prod(shape[:-1] if task.kind == CLASSIFICATION else shape)
    if targets[0].size != each:
        raise UserError(f"{path} has {targets[0].size} targets for {each} of {info.name}; {AGAIN}")
    if not task.has_answers:
        return
    classes = 2 if task.kind == BINARY else shape[-1]
    if targets.dtype.kind not in "biu" or targets.min() < 0 or targets.max() >= classes:
        raise UserError(
            f"{path} has labels from {targets.min()} to {targets.max()} for the {classes} classes of "
            f"{info.name}; {AGAIN}"
        )
