"""history.json: one training run. train writes it, report reads it."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from contract.documents import read_document, write_document

FILE_NAME = "history.json"


@dataclass(frozen=True)
class Epochs:
    """What happened in each epoch: one number an epoch in each."""

    loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    val_loss: tuple[float, ...]
    val_accuracy: tuple[float, ...]
    learning_rate: tuple[float, ...]  # at the end of the epoch
    seconds: tuple[float, ...]

    def __post_init__(self) -> None:
        if len({len(getattr(self, field.name)) for field in fields(self)}) != 1 or not self.loss:
            raise ValueError("its lists are empty or of different lengths")


@dataclass(frozen=True)
class TrainedOn:
    """The dataset of a run."""

    source: str
    sha256: str
    classes: tuple[str, ...]
    training_images: int
    validation_images: int
    test_images: int


@dataclass(frozen=True)
class LayerCost:
    """What a layer takes: `output_shape` without the batch, parameters, multiply-accumulates an image."""

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_accumulates: int


@dataclass(frozen=True)
class History:
    """One run. Accuracies are shares of right answers, 0 to 1."""

    model: str
    recipe: str
    seed: int
    settings: dict[str, Any]  # of the recipe
    dataset: TrainedOn
    epochs: Epochs
    kept_epoch: int  # whose weights were kept, from 1
    validation_accuracy: float
    test_accuracy: float
    test_loss: float
    dead_units: int  # of dense_1: those that are 0 for every training image
    seconds: float
    parameters: int
    multiply_accumulates: int
    layers: tuple[LayerCost, ...]
    versions: dict[str, str]

    def __post_init__(self) -> None:
        if not 1 <= self.kept_epoch <= len(self.epochs.loss):
            raise ValueError(f"kept_epoch is {self.kept_epoch} of {len(self.epochs.loss)} epochs")
        if not (0 <= self.validation_accuracy <= 1 and 0 <= self.test_accuracy <= 1):
            raise ValueError("an accuracy is not a share from 0 to 1")

    def write(self, path: Path) -> None:
        write_document(path, self)


def read_history(path: Path) -> History:
    """Read the history at `path`. UserError where it is missing or damaged."""
    return read_document(path, History, "python -m train")
