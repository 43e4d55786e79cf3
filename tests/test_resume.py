"""Nothing that was answered is lost: interrupted runs go on, on the same line or another day."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract.errors import UserError
from contract.validation import JSON_NAME, Validation, read_validation
from host import journal
from host.__main__ import main
from host.session import Answer
from tests.c_build import ROOT
from tests.test_command import thimble

IMAGES = 3000


@pytest.fixture(scope="module")
def native(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digits")
    for name in ("model.tflite", "manifest.json", "reference.npz"):
        shutil.copy(mnist / name, folder)
    done = thimble(folder, "build", folder, "--board", "native")
    assert done.returncode == 0, done.stderr
    return folder / "native-aot"


def validate(folder: Path, *options: str) -> int:
    return main(["validate", str(folder), "--images", str(IMAGES), "--quiet", *options])


def untimed(folder: Path) -> Validation:
    validation, answers = read_validation(folder)
    assert answers.index.tolist() == list(range(IMAGES))
    return dataclasses.replace(
        validation,
        seconds=1,
        images_per_second=1,
        median_ticks=1,
        retries=0,
        noise="",
        answers_sha256="",  # of the ticks, too
    )


def interrupted(folder: Path, number: int) -> int:
    """A validation that gets a signal when a third of the answers are in the journal; what it ends with."""
    command = [sys.executable, "-m", "host", "validate", str(folder), "--images", str(IMAGES), "--quiet"]
    host = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A shell that runs the tests in the background has told them, and so what they start, to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    path = folder / journal.FILE_NAME
    path.unlink(missing_ok=True)
    while not path.exists() or path.stat().st_size < 26 * IMAGES / 3:
        time.sleep(0.001)
        assert host.poll() is None
    host.send_signal(number)
    return host.wait(20)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGHUP, signal.SIGTERM])
def test_a_run_goes_on_where_it_was_interrupted(number: int, native: Path) -> None:
    assert validate(native) == 0
    whole = untimed(native)
    assert interrupted(native, number) != 0
    assert not (native / JSON_NAME).exists(), "no earlier pass stands for this run"
    assert validate(native, "--resume") == 0
    assert untimed(native) == whole
    assert not (native / journal.FILE_NAME).exists()


def test_what_a_kill_left_half_written_is_asked_for_again(native: Path) -> None:
    interrupted(native, signal.SIGKILL)
    path = native / journal.FILE_NAME
    data = path.read_bytes()
    for damaged in (data[:-7], data[:-40] + b"\xff" + data[-39:], data + b"half a record"):
        path.write_bytes(damaged)
        assert validate(native, "--resume") == 0
        assert untimed(native).bit_exact == IMAGES


def test_another_run_is_not_gone_on_with(native: Path) -> None:
    with pytest.raises(UserError, match="no interrupted run"):
        validate(native, "--resume")
    interrupted(native, signal.SIGKILL)
    with pytest.raises(UserError, match="another data set, number of images"):
        main(["validate", str(native), "--images", "100", "--resume"])
    (native / journal.FILE_NAME).write_bytes(b"something else\n")
    with pytest.raises(UserError, match="another model"):
        validate(native, "--resume")
    assert validate(native) == 0  # which begins anew


def test_a_board_that_dies_is_waited_for(native: Path) -> None:
    """Here the process is killed; another is started, and the run goes on by itself."""
    command = [sys.executable, "-m", "host", "validate", str(native), "--images", str(IMAGES), "--quiet"]
    host = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    path = native / journal.FILE_NAME
    while not path.exists() or path.stat().st_size < 26 * IMAGES / 3:
        time.sleep(0.001)
        assert host.poll() is None
    children = Path(f"/proc/{host.pid}/task/{host.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    _, said = host.communicate(timeout=60)
    assert host.returncode == 0, said
    assert "waiting up to 60 s" in said
    assert "the board is back: going on behind" in said
    assert untimed(native).bit_exact == IMAGES


def test_a_full_disk_keeps_what_was_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = {"model": "m"}
    book = journal.begin(tmp_path, run)
    answers = [Answer(index, bytes([index] * 4), 7, 0) for index in range(50)]
    for answer in answers[:20]:
        book.append(answer)

    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    book.close()
    monkeypatch.setattr(book, "_file", Full())
    with pytest.raises(UserError, match=r"No space left on device.*--resume"):
        book.append(answers[20])
    again, kept = journal.resume(tmp_path, run, 4, images=50)
    assert kept == answers[:20]
    for answer in answers[20:]:
        again.append(answer)
    again.close()
    last, everything = journal.resume(tmp_path, run, 4, images=50)
    assert everything == answers
    last.remove()
    assert not list(tmp_path.iterdir())
