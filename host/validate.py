"""Streams the test set to a board and judges what comes back."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from contract.errors import UserError
from contract.files import sha256
from contract.firmware import Firmware, read_firmware
from contract.flatbuffer import read_model
from contract.manifest import Manifest, read_manifest
from contract.protocol import HelloReply
from contract.reference import read_reference
from contract.runtimes import differences
from contract.validation import JSON_NAME, NPZ_NAME, Validation, write_validation
from host.boards import Board, open_board
from host.checks import check_board, check_files, check_image
from host.display import progress
from host.errors import BoardError, LineLostError
from host.journal import Journal, begin, resume
from host.results import collect, compare, failure
from host.session import Answer, Session
from host.shared import share
from host.window import ANSWER_SECONDS

RETRY_SECONDS = 0.5
MOST_IDLE = 3  # boards in turn that come back and answer nothing


@dataclass(frozen=True)
class Way:
    """How a validation goes: from where, and what it does when the line is lost."""

    ports: tuple[str | None, ...] = (None,)  # of the boards; None: what the image was built for
    answer_seconds: float = ANSWER_SECONDS  # the longest wait for the first answer
    wait_seconds: float = 0.0  # for a board that is gone to come back
    resume: bool = False  # go on with what an interrupted run has left


@dataclass
class _Run:
    """What was answered so far, over all boards and lines that it took."""

    inputs: list[bytes]
    journal: Journal
    answered: dict[int, Answer]
    seconds: float = 0.0
    noise: str = ""
    hello: HelloReply | None = None

    def take(self, answer: Answer) -> None:
        self.answered[answer.index] = answer
        self.journal.append(answer)

    @property
    def missing(self) -> list[int]:
        return [index for index in range(len(self.inputs)) if index not in self.answered]


def validate(
    folder: Path, *, images: int | None, threshold: float | None, way: Way
) -> tuple[Validation, UserError | None]:
    """Validate the image in `folder` and write validation.json and validation.npz there.

    `images`: how many, from the first; None for all. `threshold`: points that each output may lose against
    the float model (contract.scores.points_lost); None for what its task allows. Returns the validation, and
    the error to end with where it did not pass. UserError or BoardError where there is nothing to judge; then
    what was answered is kept for Way.resume, and an earlier validation is gone.
    """
    firmware = read_firmware(folder)
    manifest = read_manifest(folder.parent / "manifest.json")
    reference = read_reference(folder.parent / "reference.npz")
    check_files(manifest, reference, firmware)
    available = len(reference.inputs)
    if images is not None and images > available:
        raise UserError(f"--images {images} is more than the {available} in reference.npz; ask for fewer")
    inputs = [image.tobytes() for image in reference.inputs[:images]]
    of: dict[str, str | int] = {
        "model": manifest.sha256,
        "data set": sha256(b"".join(inputs)),
        "image": firmware.image_sha256,
        "board": firmware.board,
        "number of images": len(inputs),
    }
    size = reference.outputs[0].nbytes
    journal, before = resume(folder, of, size, len(inputs)) if way.resume else (begin(folder, of), [])
    run = _Run(inputs, journal, {answer.index: answer for answer in before})
    try:
        if len(way.ports) > 1:
            share(run, lambda port: _connect(run, folder, firmware, manifest, way, port), way.ports)
        else:
            _stream(run, folder, firmware, manifest, way)
    except BaseException as error:
        if run.answered:
            journal.close()
        else:
            journal.remove()
        if isinstance(error, UserError) and run.answered:
            raise type(error)(
                f"{error}; {len(run.answered):,} answers are kept: --resume goes on from there",
                error.exit_code,
            ) from error
        raise
    assert run.hello is not None
    hello, seconds = run.hello, max(run.seconds, 1e-9)
    answered = list(run.answered.values())

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
        noise=run.noise,
    )
    write_validation(folder, validation, answers)
    journal.remove()
    if validation.passed:
        return validation, None
    flatbuffer = folder.parent / "model.tflite"  # which validating alone does not need
    known = differences(read_model(flatbuffer), firmware.engine) if flatbuffer.is_file() else []
    return validation, failure(validation, answers, reference, folder.parent, known)


def _stream(run: _Run, folder: Path, firmware: Firmware, manifest: Manifest, way: Way) -> None:
    """Ask for what is missing until nothing is, on the board that is there; where it goes, wait for it."""
    idle = 0  # boards in turn that answered nothing
    while True:
        had = len(run.answered)
        try:
            with _opened(run, folder, firmware, way) as board:
                _ask(run, board, folder, manifest, firmware, way)
            return
        except LineLostError as error:
            idle = 0 if len(run.answered) > had else idle + 1
            if not way.wait_seconds or run.hello is None or idle == MOST_IDLE:
                raise
            print(
                f"{error}; waiting up to {way.wait_seconds:g} s for the board to come back", file=sys.stderr
            )


@contextmanager
def _opened(run: _Run, folder: Path, firmware: Firmware, way: Way) -> Iterator[Board]:
    """The board; where one was there before, as soon as there is one again."""
    give_up = time.monotonic() + way.wait_seconds
    while True:
        try:
            opened = open_board(firmware, folder, way.ports[0])
            board = opened.__enter__()
            break
        except (BoardError, UserError):
            if run.hello is None or time.monotonic() > give_up:
                raise
            time.sleep(RETRY_SECONDS)
    try:
        yield board
    finally:
        opened.__exit__(None, None, None)


def _ask(run: _Run, board: Board, folder: Path, manifest: Manifest, firmware: Firmware, way: Way) -> None:
    if run.hello is not None:
        print(f"the board is back: going on behind {len(run.answered):,} images", file=sys.stderr)
    session, hello = _asked(run, board, folder, manifest, firmware, way)
    if hello.stateful:
        run.answered.clear()  # a sequence is played from its beginning
    missing = run.missing
    start = time.monotonic()
    try:
        with progress(len(run.inputs)) as show:
            given = [run.inputs[index] for index in missing]
            for one in session.infer(given, hello, before=len(run.answered)):
                run.take(replace(one, index=missing[one.index]))
                show(len(run.answered), session.retries)
    finally:
        run.seconds += time.monotonic() - start
        run.noise = session.noise_text or run.noise


def _asked(
    run: _Run, board: Board, folder: Path, manifest: Manifest, firmware: Firmware, way: Way
) -> tuple[Session, HelloReply]:
    """A session with the board, which runs the image; no earlier validation stands for this run now."""
    session = Session(board, way.answer_seconds)
    hello = session.hello()
    check_board(hello, manifest)
    check_image(hello, firmware)
    run.hello = hello
    for name in (JSON_NAME, NPZ_NAME):
        (folder / name).unlink(missing_ok=True)
    return session, hello


@contextmanager
def _connect(
    run: _Run, folder: Path, firmware: Firmware, manifest: Manifest, way: Way, port: str | None
) -> Iterator[tuple[Session, HelloReply]]:
    """One of several boards."""
    with open_board(firmware, folder, port) as board:
        yield _asked(run, board, folder, manifest, firmware, way)
