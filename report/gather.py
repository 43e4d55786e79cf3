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
from contract.profile import FILE_NAME as PROFILE
from contract.profile import Profiled, read_profile
from contract.quantization import FILE_NAME as QUANTIZATION
from contract.quantization import Comparison, read_comparison
from contract.reference import Reference, expect_reference_of, read_reference, real_values, separate
from contract.scores import answers as chosen
from contract.scores import right
from contract.task import BINARY, CLASSIFICATION, Task
from contract.validation import JSON_NAME, Answers, Validation, read_validation
from report.layers import LayerRow, layer_rows
from report.statistics import Share, confident_mistakes, confusion, share

WORST = 12  # confident mistakes shown
MOST_CLASSES = 40  # that a confusion matrix can show


@dataclass(frozen=True)
class Output:
    """One output of the model for the N images that were sent; values are real, (N, *output shape)."""

    name: str
    task: Task
    device: NDArray[np.float32]  # what the board answered
    int8_model: NDArray[np.float32]  # and the reference
    float_predictions: NDArray[np.float32] | None
    targets: NDArray[Any] | None
    anomalies: NDArray[np.int64] | None  # (N,)

    @property
    def is_row(self) -> bool:
        """Whether it is one choice an image, so that single images can be shown right or wrong."""
        elements = len(self.task.classes) if self.task.kind == CLASSIFICATION else 1
        return self.task.has_answers and self.device[0].size == elements

    @property
    def distributions(self) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """The board's and the float model's outputs as one row an image with an element for each class."""
        floats = self.float_predictions
        return self._row(self.device), None if floats is None else self._row(floats)

    def _row(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        row = values.reshape(len(values), -1)
        return np.hstack([2 * self.task.cut - row, row]) if self.task.kind == BINARY else row

    @property
    def shares(self) -> dict[str, Share]:
        """Accuracy of float model, reference and board on the same images; empty where there is not one
        choice an image: those for the steps or pixels of one are not independent."""
        if self.targets is None or not self.is_row:
            return {}
        models = {
            "float model": self.float_predictions,
            "int8, TensorFlow Lite Micro": self.int8_model,
            "int8 on the board": self.device,
        }
        marks = {
            name: right(self.task, values, self.targets)
            for name, values in models.items()
            if values is not None
        }
        return {name: share(int(found.sum()), found.size) for name, found in marks.items()}

    @property
    def device_confusion(self) -> NDArray[np.int64] | None:
        return self._confusion(self.device)

    @property
    def float_confusion(self) -> NDArray[np.int64] | None:
        return self._confusion(self.float_predictions)

    def _confusion(self, values: NDArray[np.float32] | None) -> NDArray[np.int64] | None:
        classes = len(self.task.classes)
        if self.targets is None or values is None or not self.task.has_answers or classes > MOST_CLASSES:
            return None
        return confusion(self.targets.ravel(), chosen(self.task, values).ravel(), classes)

    @property
    def disagreements(self) -> NDArray[np.intp]:
        """Positions of the images for which float model and board choose something else."""
        if not self.is_row or self.float_predictions is None:
            return np.empty(0, np.intp)
        board, exact = (chosen(self.task, values) for values in (self.device, self.float_predictions))
        return np.flatnonzero(board.ravel() != exact.ravel())

    @property
    def mistakes(self) -> NDArray[np.intp]:
        if self.targets is None or not self.is_row:
            return np.empty(0, np.intp)
        return confident_mistakes(self.targets.ravel(), self.distributions[0], WORST)


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
    profiled: Profiled | None  # None where thimble profile has not run
    firmware: Firmware
    validation: Validation
    others: list[Validation]  # the other images of this model that were validated
    answers: Answers
    images: NDArray[Any]  # (N, *shape of the first input), as sent
    outputs: list[Output]


def gather(image_folder: Path) -> Results:
    """Read the image's folder and, one level up, its model's. UserError names what is missing."""
    folder = image_folder.parent
    manifest = read_manifest(folder / "manifest.json")
    reference = read_reference(folder / "reference.npz")
    expect_reference_of(folder / "reference.npz", reference, manifest)
    model = read_model(folder / "model.tflite")
    validation, answers = read_validation(image_folder, reference)
    for name, found in (
        ("model.tflite", model.sha256),
        (f"{image_folder.name}/{JSON_NAME}", validation.sha256),
    ):
        if found != manifest.sha256:
            raise UserError(f"{folder / name} belongs to another model than manifest.json; run make again")
    reference = reference.of(answers.index)
    return Results(
        manifest=manifest,
        model=model,
        layers=layer_rows(model, manifest.layers),
        history=read_history(folder / HISTORY) if (folder / HISTORY).exists() else None,
        quantization=read_comparison(folder) if (folder / QUANTIZATION).exists() else None,
        bench=read_rows(folder / BENCH) if (folder / BENCH).exists() else None,
        computed=read_layer_map(image_folder) if (image_folder / LAYER_MAP).exists() else None,
        profiled=_profiled(image_folder, manifest.sha256),
        firmware=read_firmware(image_folder),
        validation=validation,
        others=_others(folder, image_folder, manifest.sha256),
        answers=answers,
        images=separate(reference.inputs, manifest.inputs)[0],
        outputs=_outputs(manifest, reference, answers),
    )


def _profiled(image_folder: Path, sha256: str) -> Profiled | None:
    """The profile of this very model, where there is one."""
    if not (image_folder / PROFILE).exists():
        return None
    found = read_profile(image_folder)
    return found if found.sha256 == sha256 else None


def _outputs(manifest: Manifest, reference: Reference, answers: Answers) -> list[Output]:
    names = [info.name for info in manifest.outputs]
    predictions = reference.float_predictions or (None,) * len(names)
    return [
        Output(name, task, board, int8_model, exact, targets, reference.anomalies)
        for name, task, board, int8_model, exact, targets in zip(
            names,
            manifest.tasks,
            real_values(answers.outputs, manifest.outputs),
            real_values(reference.outputs, manifest.outputs),
            predictions,
            reference.targets,
            strict=True,
        )
    ]


def _others(folder: Path, image_folder: Path, sha256: str) -> list[Validation]:
    """Validations of this very model beside the one the report dwells on."""
    found = []
    for path in sorted(folder.glob(f"*/{JSON_NAME}")):
        if path.parent.resolve() != image_folder.resolve():
            validation, _ = read_validation(path.parent)
            if validation.sha256 == sha256:
                found.append(validation)
    return found
