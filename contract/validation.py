"""validation.json and validation.npz: what the board answered, and whether that is right."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.arrays import ArraysError, load_npz
from contract.documents import read_document, write_document
from contract.errors import UserError
from contract.files import replacing, sha256_of
from contract.reference import Reference, equal
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
    answers_sha256: str  # of validation.npz: the two files are of one run


@dataclass(frozen=True)
class Answers:
    """What came back for each image sent, N of them."""

    index: NDArray[np.int64]  # (N,), position in reference.npz
    outputs: NDArray[Any]  # (N, *output shape), of the output's type
    ticks: NDArray[np.uint32]  # (N,)
    retries: NDArray[np.int64]  # (N,), how often the image was sent again


def write_validation(folder: Path, validation: Validation, answers: Answers) -> None:
    """Write both files. Whoever is stopped between the two leaves a pair that `read_validation` refuses."""
    arrays = {name: getattr(answers, name) for name in ("index", "outputs", "ticks", "retries")}
    with replacing(folder / NPZ_NAME) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)
    hashed = replace(validation, answers_sha256=sha256_of(folder / NPZ_NAME))
    write_document(folder / JSON_NAME, hashed)


def read_validation(folder: Path, reference: Reference | None = None) -> tuple[Validation, Answers]:
    """Read `folder`'s validation. UserError where it is missing or damaged, where its two files are not of
    one run, or where its counts are not those of its answers beside the `reference`."""
    validation = read_document(folder / JSON_NAME, Validation, "make validate")
    path = folder / NPZ_NAME
    try:
        same = sha256_of(path) == validation.answers_sha256
        if not same:
            raise ArraysError(f"{NPZ_NAME} and {JSON_NAME} are of different runs")
        answers = Answers(**load_npz(path))
        _expect_whole(validation, answers, reference)
    except FileNotFoundError as error:
        raise UserError(f"there is no {path}; make validate writes it") from error
    except (ArraysError, TypeError) as error:
        raise UserError(
            f"the validation in {folder} is damaged ({error}); run make validate again"
        ) from error
    return validation, answers


def _expect_whole(validation: Validation, answers: Answers, reference: Reference | None) -> None:
    """ArraysError where the counts do not follow from the rows."""
    count = len(answers.index) if answers.index.ndim == 1 else -1
    kinds = (("index", "i"), ("ticks", "u"), ("retries", "i"))
    for name, kind in kinds:
        values = getattr(answers, name)
        if values.shape != (count,) or values.dtype.kind != kind or (values < 0).any():
            raise ArraysError(f"{name} is no row of whole numbers, one an answer")
    if len(np.unique(answers.index)) != count or answers.outputs.shape[:1] != (count,):
        raise ArraysError("an image was answered twice, or an answer is missing")
    counts = (validation.images, validation.answered, validation.bit_exact + validation.mismatches)
    if counts != (count,) * 3 or validation.retries != answers.retries.sum():
        raise ArraysError(f"it counts {validation.answered} answers and has {count}")
    if reference is None:
        return
    if count and answers.index.max() >= len(reference.inputs):
        raise ArraysError(f"it answers image {answers.index.max()} of {len(reference.inputs)}")
    expected = reference.outputs[answers.index]
    if (answers.outputs.dtype, answers.outputs.shape) != (expected.dtype, expected.shape):
        raise ArraysError("its answers are of another model")
    exact = np.count_nonzero(equal(answers.outputs, expected))
    if exact != validation.bit_exact:
        raise ArraysError(f"it counts {validation.bit_exact} answers as exact, {exact} are")
