"""What the answers are worth, beside the reference (byte for byte), the targets and the float model."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import UserError
from contract.firmware import Firmware
from contract.manifest import Manifest, TensorInfo
from contract.protocol import HelloReply
from contract.reference import Reference, equal, real_values, row_of
from contract.scores import answers as chosen
from contract.scores import fidelity, points_lost, scores
from contract.task import POINTS_ALLOWED, Task
from contract.validation import Answers, OutputResult, Validation
from host.session import Answer

MISMATCHES_NAMED = 5
BELOW_THRESHOLD = 1  # exit code
RANGE_MARGIN = 0.1  # of a range that is known, by which inputs may leave it without a note


def collect(answers: list[Answer], outputs: Sequence[TensorInfo]) -> Answers:
    """The answers as arrays, in the order of the inputs. `outputs`: the model's."""
    ordered = sorted(answers, key=lambda answer: answer.index)
    kind, shape = row_of(outputs)
    given = np.frombuffer(b"".join(answer.output for answer in ordered), np.dtype(kind))
    return Answers(
        index=np.array([answer.index for answer in ordered], np.int64),
        outputs=given.reshape(len(ordered), *shape),
        ticks=np.array([answer.ticks for answer in ordered], np.uint32),
        retries=np.array([answer.retries for answer in ordered], np.int64),
    )


def compare(
    answers: Answers,
    reference: Reference,
    manifest: Manifest,
    *,
    sent: int,
    threshold: float | None,
    seconds: float,
    hello: HelloReply,
    firmware: Firmware,
    noise: str,
) -> Validation:
    """Judge `answers` to the first `sent` images. `threshold`: points that each output may lose against the
    float model, or as many as its task allows."""
    expected = reference.of(answers.index)
    outputs = output_results(answers.outputs, expected, manifest, threshold)
    bit_exact = int(np.count_nonzero(equal(answers.outputs, expected.outputs)))
    within = all((one.points_lost or 0.0) <= one.points_allowed for one in outputs)
    return Validation(
        board=hello.board,
        engine=hello.engine,
        link=firmware.link,
        sha256=hello.sha256,
        images=sent,
        answered=len(answers.index),
        device_accuracy=outputs[0].board.get("accuracy"),
        int8_accuracy=outputs[0].int8_model.get("accuracy"),
        float_accuracy=outputs[0].float_model.get("accuracy"),
        agree_float=outputs[0].agree_float,
        outputs=outputs,
        bit_exact=bit_exact,
        mismatches=len(answers.index) - bit_exact,
        retries=int(answers.retries.sum()),
        median_ticks=float(np.median(answers.ticks)),
        tick_hz=hello.tick_hz,
        tick_unit=hello.tick_unit.name.lower(),
        seconds=seconds,
        images_per_second=len(answers.index) / seconds,
        flash_bytes=firmware.flash_bytes,
        model_bytes=firmware.model_bytes,
        ram_bytes=firmware.ram_bytes,
        threshold=threshold,
        passed=bit_exact == sent and within,
        notes=tuple(out_of_range(manifest)),
        noise=noise.replace("\n", " | "),
        answers_sha256="",
    )


def output_results(
    given: NDArray[Any], reference: Reference, manifest: Manifest, threshold: float | None
) -> tuple[OutputResult, ...]:
    """What each output is worth: `given` and `reference` hold the same images in the same order."""
    boards = real_values(given, manifest.outputs)
    int8_models = real_values(reference.outputs, manifest.outputs)
    floats = reference.float_predictions or (None,) * len(boards)
    results = []
    for info, task, board, int8_model, exact, targets in zip(
        manifest.outputs, manifest.tasks, boards, int8_models, floats, reference.targets, strict=True
    ):
        on_board, in_float = (
            {} if values is None else scores(task, values, targets, reference.anomalies)
            for values in (board, exact)
        )
        results.append(
            OutputResult(
                name=info.name,
                task=task.kind,
                board=on_board,
                int8_model=scores(task, int8_model, targets, reference.anomalies),
                float_model=in_float,
                agree_float=int(np.count_nonzero(chosen_alike(task, board, exact)))
                if exact is not None and task.has_answers
                else None,
                fidelity=None if exact is None else fidelity(board, exact),
                points_lost=points_lost(task, on_board, in_float, targets),
                points_allowed=POINTS_ALLOWED[task.kind] if threshold is None else threshold,
            )
        )
    return tuple(results)


def chosen_alike(task: Task, one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """On which images both choose the same, in every element: (N,)."""
    alike = (chosen(task, one) == chosen(task, other)).reshape(len(one), -1)
    every: NDArray[np.bool_] = alike.all(axis=1)
    return every


def out_of_range(manifest: Manifest) -> list[str]:
    """A note for each input whose test data leaves the range that is known of it by more than its tenth."""
    known = "the model takes" if manifest.method == "given" else "the training data goes from"
    notes = []
    for info in manifest.inputs:
        low, high = info.tested_lowest, info.tested_highest
        if info.lowest is None or info.highest is None or low is None or high is None:
            continue
        margin = RANGE_MARGIN * (info.highest - info.lowest)
        if low < info.lowest - margin or high > info.highest + margin:
            notes.append(
                f"the input {info.name} goes from {low:.4g} to {high:.4g}, {known} {info.lowest:.4g} to "
                f"{info.highest:.4g}; see that both are scaled alike"
            )
    return notes


def failure(
    validation: Validation,
    answers: Answers,
    reference: Reference,
    artefacts: Path,
    differences: Sequence[str] = (),
) -> UserError:
    """Why `validation` did not pass, as the error that the command ends with. `artefacts`: the folder with
    the flatbuffer. `differences`: what the engine is known to compute otherwise,
    contract.runtimes.differences."""
    if validation.mismatches:
        wrong = answers.index[~equal(answers.outputs, reference.outputs[answers.index])]
        named = ", ".join(str(index) for index in wrong[:MISMATCHES_NAMED])
        message = (
            f"{validation.mismatches:,} of {validation.answered:,} answers differ from the reference "
            f"(images {named}{', ...' if len(wrong) > MISMATCHES_NAMED else ''}); the engine computes "
            "something else than TensorFlow Lite Micro: validation.npz has its answers"
        )
        if validation.engine == "aot":
            where = f"{shlex.quote(str(artefacts))} --board {validation.board} --inputs {wrong[0]}"
            message += f"; thimble layers {where} shows the first layer that differs"
        if differences:
            message += (
                f". The library is known to differ in some bytes ({'; '.join(differences)}); ENGINE=aot "
                "gives those of the reference"
            )
    else:
        worst = max(validation.outputs, key=lambda one: (one.points_lost or 0.0) - one.points_allowed)
        message = (
            f"{_loss_text(worst)} on these {validation.images:,} images, {worst.points_allowed:g} are "
            "allowed; the answers equal the reference, so quantising lost them"
        )
    return UserError(message, BELOW_THRESHOLD)


def _loss_text(result: OutputResult) -> str:
    """What an output lost against the float model."""
    lost = f"{result.points_lost:.2f} percentage points"
    if "accuracy" in result.board:
        return f"the board's accuracy is {lost} below the float model's"
    if "auc" in result.board:
        return f"the board's area under the ROC curve is {lost} below the float model's"
    board, exact = result.board["rmse"], result.float_model["rmse"]
    return (
        f"the board's RMSE of {board:.4g} is above the float model's of {exact:.4g} by "
        f"{result.points_lost:.2f} percent of the targets' standard deviation"
    )
