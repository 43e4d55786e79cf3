"""What the answers are worth, beside the reference (byte for byte), the labels and the float model."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contract.errors import UserError
from contract.firmware import Firmware
from contract.manifest import TensorInfo
from contract.protocol import HelloReply
from contract.reference import Reference, equal, row_of
from contract.validation import Answers, Validation
from host.session import Answer

MISMATCHES_NAMED = 5
BELOW_THRESHOLD = 1  # exit code


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
    *,
    sent: int,
    threshold: float,
    seconds: float,
    hello: HelloReply,
    firmware: Firmware,
    noise: str,
) -> Validation:
    """Judge `answers` to the first `sent` images. `threshold`: percentage points against the float model."""
    index = answers.index
    expected = reference.outputs[index]
    device = _classes(answers.outputs)
    labels = None if reference.labels is None else reference.labels[index]
    floats = None if reference.float_predictions is None else _classes(reference.float_predictions[index])
    device_accuracy, float_accuracy = _share_right(device, labels), _share_right(floats, labels)
    bit_exact = int(np.count_nonzero(equal(answers.outputs, expected)))
    return Validation(
        board=hello.board,
        engine=hello.engine,
        link=firmware.link,
        sha256=hello.sha256,
        images=sent,
        answered=len(index),
        device_accuracy=device_accuracy,
        int8_accuracy=_share_right(_classes(expected), labels),
        float_accuracy=float_accuracy,
        agree_float=None if floats is None else int(np.count_nonzero(device == floats)),
        bit_exact=bit_exact,
        mismatches=len(index) - bit_exact,
        retries=int(answers.retries.sum()),
        median_ticks=float(np.median(answers.ticks)),
        tick_hz=hello.tick_hz,
        tick_unit=hello.tick_unit.name.lower(),
        seconds=seconds,
        images_per_second=len(index) / seconds,
        flash_bytes=firmware.flash_bytes,
        model_bytes=firmware.model_bytes,
        ram_bytes=firmware.ram_bytes,
        threshold=threshold,
        passed=bit_exact == sent and _loss(device_accuracy, float_accuracy) <= threshold,
        noise=noise,
    )


def failure(
    validation: Validation, answers: Answers, reference: Reference, differences: Sequence[str] = ()
) -> UserError:
    """Why `validation` did not pass, as the error that the command ends with. `differences`: what the engine
    is known to compute otherwise, contract.runtimes.differences."""
    if validation.mismatches:
        wrong = answers.index[~equal(answers.outputs, reference.outputs[answers.index])]
        named = ", ".join(str(index) for index in wrong[:MISMATCHES_NAMED])
        message = (
            f"{validation.mismatches:,} of {validation.answered:,} answers differ from the reference "
            f"(images {named}{', ...' if len(wrong) > MISMATCHES_NAMED else ''}); the engine computes "
            "something else than TensorFlow Lite Micro: validation.npz has its answers"
        )
        if differences:
            message += (
                f". The library is known to differ in some bytes ({'; '.join(differences)}); ENGINE=aot "
                "gives those of the reference"
            )
    else:
        loss = _loss(validation.device_accuracy, validation.float_accuracy)
        message = (
            f"the board's accuracy is {loss:.2f} percentage points below the float model's on "
            f"these {validation.images:,} images, {validation.threshold:g} are allowed; the answers equal "
            "the reference, so quantising lost them"
        )
    return UserError(message, BELOW_THRESHOLD)


def _loss(device_accuracy: float | None, float_accuracy: float | None) -> float:
    """Percentage points lost against the float model; 0 where there is nothing to compare with."""
    if device_accuracy is None or float_accuracy is None:
        return 0.0
    return round(100 * (float_accuracy - device_accuracy), 9)  # so that 0.5 lost is not above 0.5


def _classes(scores: NDArray[np.generic]) -> NDArray[np.int64]:
    """The class of each image: where its highest score is, the first one if there are several."""
    classes: NDArray[np.int64] = np.argmax(scores.reshape(len(scores), -1), axis=1)
    return classes


def _share_right(classes: NDArray[np.int64] | None, labels: NDArray[np.int64] | None) -> float | None:
    return None if classes is None or labels is None else float(np.mean(classes == labels))
