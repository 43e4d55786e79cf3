"""Streams the test set to a board and judges what comes back."""

import time
from pathlib import Path

from contract.errors import UserError
from contract.firmware import read_firmware
from contract.flatbuffer import read_model
from contract.manifest import read_manifest
from contract.reference import read_reference
from contract.runtimes import differences
from contract.validation import Validation
from host.boards import open_board
from host.checks import check_board, check_files, check_image
from host.display import progress
from host.results import collect, compare, failure
from host.session import Session


def validate(
    folder: Path,
    *,
    port: str | None,
    images: int | None,
    threshold: float | None,
    answer_seconds: float,
) -> tuple[Validation, UserError | None]:
    """Validate the image in `folder` and write validation.json and validation.npz there.

    `images`: how many, from the first; None for all. `threshold`: points that each output may lose against
    the float model (contract.scores.points_lost); None for what its task allows. `answer_seconds`: the
    longest wait for the first answer. Returns the validation, and the error to end with where it did not
    pass. UserError or BoardError where there is nothing to judge; then nothing is written.
    """
    firmware = read_firmware(folder)
    manifest = read_manifest(folder.parent / "manifest.json")
    reference = read_reference(folder.parent / "reference.npz")
    check_files(manifest, reference, firmware)
    available = len(reference.inputs)
    if images is not None and images > available:
        raise UserError(f"--images {images} is more than the {available} in reference.npz; ask for fewer")
    inputs = [image.tobytes() for image in reference.inputs[:images]]

    with open_board(firmware, folder, port) as board:
        session = Session(board, answer_seconds)
        hello = session.hello()
        check_board(hello, manifest)
        check_image(hello, firmware)
        answered = []
        with progress(len(inputs)) as show:
            start = time.monotonic()
            for answer in session.infer(inputs, hello):
                answered.append(answer)
                show(len(answered), session.retries)
            seconds = time.monotonic() - start

    answers = collect(answered, manifest.outputs)
    validation = compare(
        answers,
        reference,
        manifest,
        sent=len(inputs),
        threshold=threshold,
        seconds=seconds,
        hello=hello,
        firmware=firmware,
        noise=session.noise_text,
    )
    answers.write(folder)
    validation.write(folder)
    if validation.passed:
        return validation, None
    flatbuffer = folder.parent / "model.tflite"  # which validating alone does not need
    known = differences(read_model(flatbuffer), firmware.engine) if flatbuffer.is_file() else []
    return validation, failure(validation, answers, reference, folder.parent, known)
