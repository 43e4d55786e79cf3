"""validation.json and validation.npz: what the board answered, and whether that is right."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.documents import read_document, write_document
from contract.errors import UserError
from contract.files import replacing
from contract.scores import Fidelity, Scores

JSON_NAME = "validation.json"
NPZ_NAME = "validation.npz"


@dataclass(frozen=True)
class OutputResult:
    """One output on the images that were sent: scores as `contract.scores.scores`, empty without targets."""

    name: str
    task: str  # of contract.task.KINDS
    board: Scores
    int8_model: Scores  # of the reference, on the same images
    float_model: Scores  # empty without a float model
    agree_float: int | None  # answers with the float model's class; None where there are none
    fidelity: Fidelity | None  # of the board beside the float model; None without one
    points_lost: float | None  # against the float model, contract.scores.points_lost
    points_allowed: float


@dataclass(frozen=True)
class Validation:
    """One test set, or the first images of it, streamed to one board.

    The accuracies, shares from 0 to 1, and `agree_float` are those of the first output; None where it is no
    classification with labels, or has no float model. Sizes are firmware.json's, None for a board that has no
    such figure.
    """

    board: str
    engine: str
    link: str
    sha256: str  # of the flatbuffer
    images: int  # sent
    answered: int
    device_accuracy: float | None
    int8_accuracy: float | None  # of the reference, on the same images
    float_accuracy: float | None  # of the float model, on the same images
    agree_float: int | None  # answers with the float model's class
    outputs: tuple[OutputResult, ...]
    bit_exact: int  # answers equal to the reference, byte for byte
    mismatches: int  # answers that are not
    retries: int  # frames sent again
    median_ticks: float
    tick_hz: int
    tick_unit: str  # cycle, instruction, nanosecond
    seconds: float
    images_per_second: float
    flash_bytes: int | None
    model_bytes: int | None
    ram_bytes: int | None
    threshold: float | None  # points that were allowed to be lost; None: as many as the task allows
    passed: bool
    notes: tuple[str, ...]  # what the user should know though nothing failed
    noise: str  # readable text that came between the frames

    def write(self, folder: Path) -> None:
        write_document(folder / JSON_NAME, self)


@dataclass(frozen=True)
class Answers:
    """What came back for each image sent, N of them."""

    index: NDArray[np.int64]  # (N,), position in reference.npz
    outputs: NDArray[Any]  # (N, *output shape), of the output's type
    ticks: NDArray[np.uint32]  # (N,)
    retries: NDArray[np.int64]  # (N,), how often the image was sent again

    def write(self, folder: Path) -> None:
        with replacing(folder / NPZ_NAME) as temporary:
            np.savez_compressed(
                temporary, index=self.index, outputs=self.outputs, ticks=self.ticks, retries=self.retries
            )


def read_validation(folder: Path) -> tuple[Validation, Answers]:
    """Read `folder`'s validation. UserError where it is missing or damaged."""
    validation = read_document(folder / JSON_NAME, Validation, "make validate")
    try:
        with (folder / NPZ_NAME).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return validation, Answers(**{name: arrays[name] for name in arrays.files})
    except FileNotFoundError as error:
        raise UserError(f"there is no {error.filename}; make validate writes it") from error
    except Exception as error:  # a damaged file can fail in many ways
        raise UserError(
            f"the validation in {folder} is damaged ({error}); run make validate again"
        ) from error
