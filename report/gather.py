"""Reads what the other stages wrote about one model and computes what the report says about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.bench import FILE_NAME as BENCH
from contract.bench import Row, read_rows
from contract.errors import UserError
from contract.firmware import Firmware, read_firmware
from contract.flatbuffer import read_model
from contract.graph import Model
from contract.history import FILE_NAME as HISTORY
from contract.history import History, read_history
from contract.layer_map import FILE_NAME as LAYER_MAP
from contract.layer_map import LayerMap, read_layer_map
from contract.manifest import Manifest, read_manifest
from contract.quantization import FILE_NAME as QUANTIZATION
from contract.quantization import Comparison, read_comparison
from contract.reference import read_reference
from contract.validation import JSON_NAME, Answers, Validation, read_validation
from report.layers import LayerRow, layer_rows
from report.statistics import Share, confident_mistakes, confusion, disagreements, real_values, share

WORST = 12  # confident mistakes shown


@dataclass(frozen=True)
class Results:
    """Everything known about one model and the image on which the report dwells."""

    manifest: Manifest
    model: Model
    layers: list[LayerRow]
    history: History | None  # None for a model that was not trained here
    quantization: Comparison | None  # None where python -m quantize compare has not run
    bench: tuple[Row, ...] | None  # None where make bench has not run
    computed: LayerMap | None  # what the generated code computes; None for another engine
    firmware: Firmware
    validation: Validation
    others: list[Validation]  # the other images of this model that were validated
    answers: Answers
    images: NDArray[Any]  # (N, height, width, channels), as sent
    labels: NDArray[np.int64] | None  # (N,)
    device: NDArray[np.float32]  # (N, classes), the board's answers as real numbers
    float_predictions: NDArray[np.float32] | None  # (N, classes)

    @property
    def shares(self) -> dict[str, Share]:
        """Accuracy of float model, reference and board on the same images; empty without labels."""
        if self.labels is None:
            return {}
        right = {"int8 on the board": int((self.device.argmax(axis=1) == self.labels).sum())}
        if self.validation.int8_accuracy is not None:
            reference = round(self.validation.int8_accuracy * len(self.labels))
            right = {"int8, TensorFlow Lite Micro": reference, **right}
        if self.float_predictions is not None:
            floats = int((self.float_predictions.argmax(axis=1) == self.labels).sum())
            right = {"float model": floats, **right}
        return {name: share(count, len(self.labels)) for name, count in right.items()}

    @property
    def device_confusion(self) -> NDArray[np.int64] | None:
        return self._confusion(self.device)

    @property
    def float_confusion(self) -> NDArray[np.int64] | None:
        return None if self.float_predictions is None else self._confusion(self.float_predictions)

    def _confusion(self, predictions: NDArray[np.float32]) -> NDArray[np.int64] | None:
        if self.labels is None:
            return None
        return confusion(self.labels, predictions.argmax(axis=1).astype(np.int64), predictions.shape[1])

    @property
    def disagreements(self) -> NDArray[np.intp]:
        if self.float_predictions is None:
            return np.empty(0, np.intp)
        return disagreements(self.float_predictions, self.device)

    @property
    def mistakes(self) -> NDArray[np.intp]:
        if self.labels is None:
            return np.empty(0, np.intp)
        return confident_mistakes(self.labels, self.device, WORST)


def gather(image_folder: Path) -> Results:
    """Read the image's folder and, one level up, its model's. UserError names what is missing."""
    folder = image_folder.parent
    manifest = read_manifest(folder / "manifest.json")
    reference = read_reference(folder / "reference.npz")
    model = read_model(folder / "model.tflite")
    validation, answers = read_validation(image_folder)
    for name, found in (
        ("model.tflite", model.sha256),
        (f"{image_folder.name}/{JSON_NAME}", validation.sha256),
    ):
        if found != manifest.sha256:
            raise UserError(f"{folder / name} belongs to another model than manifest.json; run make again")
    sent = answers.index
    return Results(
        manifest=manifest,
        model=model,
        layers=layer_rows(model, manifest.layers),
        history=read_history(folder / HISTORY) if (folder / HISTORY).exists() else None,
        quantization=read_comparison(folder) if (folder / QUANTIZATION).exists() else None,
        bench=read_rows(folder / BENCH) if (folder / BENCH).exists() else None,
        computed=read_layer_map(image_folder) if (image_folder / LAYER_MAP).exists() else None,
        firmware=read_firmware(image_folder),
        validation=validation,
        others=_others(folder, image_folder, manifest.sha256),
        answers=answers,
        images=reference.inputs[sent],
        labels=_rows(reference.labels, sent),
        device=real_values(answers.outputs, manifest.output),
        float_predictions=_rows(reference.float_predictions, sent),
    )


def _rows(array: Any, chosen: NDArray[np.int64]) -> Any:
    return None if array is None else array[chosen]


def _others(folder: Path, image_folder: Path, sha256: str) -> list[Validation]:
    """Validations of this very model beside the one the report dwells on."""
    found = []
    for path in sorted(folder.glob(f"*/{JSON_NAME}")):
        if path.parent.resolve() != image_folder.resolve():
            validation, _ = read_validation(path.parent)
            if validation.sha256 == sha256:
                found.append(validation)
    return found
