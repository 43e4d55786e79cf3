"""python -m host from the command line: what it writes, what it prints, how it ends."""

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.errors import UserError
from contract.files import sha256_of
from contract.firmware import Firmware
from contract.manifest import Manifest, OutputScores, TensorInfo
from contract.protocol import ErrorCode, FrameType, TensorType, TickUnit, WireTensor
from contract.reference import Reference
from contract.task import CLASSIFICATION, Task
from contract.validation import read_validation
from host import session as session_module
from host.__main__ import main
from host.results import failure
from tests.fake_board import (
    SMALL_HELLO,
    TICKS,
    FakeBoard,
    Request,
    Unplug,
    error,
    on_a_pty,
    small_output,
    with_,
    write_program,
)

COUNT = 40
SOON = 5.0  # seconds; every failure is found within
ISSUE_KEYS = {
    "images", "answered", "device_accuracy", "int8_accuracy", "float_accuracy", "agree_float", "bit_exact",
    "mismatches", "retries", "median_ticks", "tick_hz", "tick_unit", "seconds", "images_per_second",
    "flash_bytes", "model_bytes", "ram_bytes",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _short_wait_for_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "HELLO_SECONDS", 0.5)


@dataclasses.dataclass
class Built:
    """A model's folder and one image's in it, as the stages before leave them; `write` puts it on disk."""

    folder: Path
    manifest: Manifest
    reference: Reference
    firmware: Firmware

    def write(self, **firmware: Any) -> "Built":
        self.firmware = dataclasses.replace(self.firmware, **firmware)
        self.manifest.write(self.folder.parent / "manifest.json")
        self.reference.write(self.folder.parent / "reference.npz")
        self.firmware.write(self.folder)
        return self

    def with_program(self, fault: str = "") -> "Built":
        """With an image that is a board of its own; `fault`: statements over a request."""
        image = self.folder / self.firmware.image
        write_program(image, SMALL_HELLO, fault)
        return self.write(image_sha256=sha256_of(image))

    def with_reference(self, **changes: Any) -> "Built":
        self.reference = dataclasses.replace(self.reference, **changes)
        return self.write()

    @property
    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture
def built(tmp_path: Path) -> Built:
    inputs = np.random.default_rng(0).integers(-128, 128, (COUNT, 2, 3), np.int8)
    outputs = np.stack([np.frombuffer(small_output(image.tobytes()), np.int8) for image in inputs])
    labels = outputs.argmax(axis=1)
    hello = SMALL_HELLO
    manifest = Manifest(
        model="small",
        recipe="own",
        method="given",
        sha256=hello.sha256,
        flatbuffer_bytes=9376,
        inputs=(TensorInfo("input", "int8", hello.inputs[0].shape, 0.5, -128),),
        outputs=(TensorInfo("output", "int8", hello.outputs[0].shape, 0.25, 0),),
        layers=("dense_1",),
        tasks=(Task(CLASSIFICATION, ("a", "b", "c", "d")),),
        images=COUNT,
        scores=(OutputScores({"accuracy": 1.0}, {"accuracy": 1.0}),),
        arena_bytes=100,
        representative_images=None,
        representative_seed=None,
        dataset_sha256=None,
        dataset_source=None,
        versions={},
    )
    reference = Reference(
        inputs=inputs,
        outputs=outputs,
        targets=(labels,),
        float_predictions=(np.eye(4, dtype=np.float32)[labels],),
        sha256=hello.sha256,
        dataset_sha256="",
    )
    firmware = Firmware(
        board=hello.board,
        engine=hello.engine,
        link="pty",
        image="firmware.elf",
        image_sha256="",
        image_flash_bytes=1,
        image_ram_bytes=1,
        flash_bytes=14321,
        model_bytes=7412,
        ram_bytes=9000,
        stack_bytes=500,
        instructions=1234,
        compiler="cc",
        options="-O2",
        sha256=hello.sha256,
    )
    folder = tmp_path / "model" / "image"
    folder.mkdir(parents=True)
    return Built(folder, manifest, reference, firmware).write()


def validate(built: Built, board: FakeBoard, *options: str) -> int:
    """python -m host validate against `board`; the exit code."""
    with on_a_pty(board) as path:
        return main(["validate", str(built.folder), "--port", path, "--wait", "0", *options])


def failing(run: Callable[[], int], exit_code: int) -> str:
    """The message of the error in which `run` ends with `exit_code`, soon."""
    start = time.monotonic()
    with pytest.raises(UserError) as caught:
        run()
    assert time.monotonic() - start < SOON
    assert caught.value.exit_code == exit_code
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_right_board_passes_and_everything_is_written(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    assert validate(built, FakeBoard()) == 0
    document = json.loads((built.folder / "validation.json").read_text())
    assert set(document) >= ISSUE_KEYS
    assert document["seconds"] > 0
    assert document["images_per_second"] == pytest.approx(COUNT / document["seconds"])
    expected = {
        "board": "native", "engine": "aot", "link": "pty", "threshold": None, "passed": True, "noise": "",
        "sha256": SMALL_HELLO.sha256, "images": COUNT, "answered": COUNT, "device_accuracy": 1.0,
        "int8_accuracy": 1.0, "float_accuracy": 1.0, "agree_float": COUNT, "bit_exact": COUNT,
        "mismatches": 0, "retries": 0, "median_ticks": TICKS, "tick_hz": SMALL_HELLO.tick_hz,
        "tick_unit": "instruction", "flash_bytes": 14321, "model_bytes": 7412, "ram_bytes": 9000,
    }  # fmt: skip
    assert {key: document[key] for key in expected} == expected
    _, answers = read_validation(built.folder)
    np.testing.assert_array_equal(answers.index, np.arange(COUNT))
    np.testing.assert_array_equal(answers.outputs, built.reference.outputs)
    np.testing.assert_array_equal(answers.ticks, np.full(COUNT, TICKS))
    np.testing.assert_array_equal(answers.retries, np.zeros(COUNT))
    assert answers.outputs.dtype == np.int8
    assert answers.ticks.dtype == np.uint32
    table = capsys.readouterr().out
    assert "model   float 100.00 %   int8 100.00 %   small 9,376 B\n" in table
    assert "images  40   right 100.00 %   equal to the reference, byte for byte: 40\n" in table
    assert "speed   1,234 instructions an inference" in table
    assert "size    flash 14,321 B (model 7,412 B)   RAM 9,000 B\n" in table


def test_the_table_of_a_validation_can_be_shown_again(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    validate(built, FakeBoard())
    table = capsys.readouterr().out
    assert main(["show", str(built.folder)]) == 0
    assert capsys.readouterr().out == table


def test_quiet_leaves_the_table_out(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(built, FakeBoard(), "--quiet") == 0
    assert capsys.readouterr().out == ""


def test_the_first_images_alone_can_be_sent(built: Built) -> None:
    board = FakeBoard()
    assert validate(built, board, "--images", "7") == 0
    validation, answers = read_validation(built.folder)
    assert (validation.images, validation.answered, validation.bit_exact) == (7, 7, 7)
    assert [request.body for request in board.requests if request.type == FrameType.INFER] == [
        image.tobytes() for image in built.reference.inputs[:7]
    ]
    assert len(answers.index) == 7


def test_retries_and_text_on_the_line_are_shown_and_written(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = built.reference.inputs[3].tobytes()
    seen: list[bytes] = []

    def lose_once(request: Request, answer: bytes) -> bytes:
        if request.body == lost and not seen:
            seen.append(lost)
            return b"library says hello\r\n"
        return answer

    assert validate(built, FakeBoard(fault=lose_once)) == 0
    validation, answers = read_validation(built.folder)
    assert (validation.retries, validation.noise) == (1, "library says hello")
    assert np.flatnonzero(answers.retries).tolist() == [3]
    table = capsys.readouterr().out
    assert "retries: 1" in table
    assert "noise   library says hello" in table


def test_one_byte_of_difference_fails_and_is_written(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = built.reference.outputs.copy()
    outputs[11, 2] ^= 1
    built.with_reference(outputs=outputs)
    message = failing(lambda: validate(built, FakeBoard(), "--threshold", "100"), 1)
    assert "1 of 40 answers differ from the reference (images 11)" in message
    validation, _ = read_validation(built.folder)
    assert (validation.bit_exact, validation.mismatches, validation.passed) == (39, 1, False)
    assert "different: 1" in capsys.readouterr().out
    assert "known to differ" not in message
    assert f"thimble layers {built.folder.parent} --board native --inputs 11 shows the first layer" in message
    known = ["MEAN: it is scaled in float32"]
    explained = failure(*read_validation(built.folder), built.reference, built.folder, known)
    assert "known to differ in some bytes (MEAN: it is scaled in float32); ENGINE=aot" in str(explained)


@pytest.mark.parametrize(("threshold", "passes"), [("0.5", False), ("4.9", False), ("5", True), ("20", True)])
def test_the_accuracy_may_be_below_the_float_models_by_the_threshold(
    built: Built, threshold: str, passes: bool
) -> None:
    (given,) = built.reference.targets
    assert given is not None
    labels = given.copy()
    labels[[2, 9]] = (labels[[2, 9]] + 1) % 4  # the board is wrong on 2 of 40, which are 5 points
    built.with_reference(targets=(labels,), float_predictions=(np.eye(4, dtype=np.float32)[labels],))
    if passes:
        assert validate(built, FakeBoard(), "--threshold", threshold) == 0
    else:
        message = failing(lambda: validate(built, FakeBoard(), "--threshold", threshold), 1)
        assert f"5.00 percentage points below the float model's on these 40 images, {threshold}" in message
    validation, _ = read_validation(built.folder)
    assert validation.passed == passes
    assert (validation.device_accuracy, validation.float_accuracy) == (0.95, 1.0)
    assert validation.agree_float == 38


def test_inputs_beyond_the_range_of_the_training_data_are_noted(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    (info,) = built.manifest.inputs
    for highest, noted in ((1.05, False), (255.0, True)):
        known = dataclasses.replace(info, lowest=0.0, highest=1.0, tested_lowest=0.0, tested_highest=highest)
        dataclasses.replace(built.manifest, method="ptq", inputs=(known,)).write(
            built.folder.parent / "manifest.json"
        )
        assert validate(built, FakeBoard()) == 0
        text = capsys.readouterr().out
        assert ("goes from 0 to 255, the training data goes from 0 to 1" in text) == noted


def test_without_labels_exactness_alone_counts(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    built.with_reference(targets=(None,), float_predictions=None)
    assert validate(built, FakeBoard()) == 0
    validation, _ = read_validation(built.folder)
    assert validation.device_accuracy is validation.int8_accuracy is validation.float_accuracy is None
    assert validation.agree_float is None
    assert "no labels" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("unit", "hz", "words"),
    [
        (TickUnit.CYCLE, 64_000_000, r"1,234 cycles an inference \(0.02 ms at 64 MHz\)"),
        (TickUnit.NANOSECOND, 1_000_000_000, "1,234 ns an inference"),
    ],
)
def test_the_table_speaks_the_boards_unit_of_time(
    built: Built, capsys: pytest.CaptureFixture[str], unit: TickUnit, hz: int, words: str
) -> None:
    validate(built, FakeBoard(hello=with_(tick_unit=unit, tick_hz=hz)))
    assert re.search(words, capsys.readouterr().out)


def test_sizes_that_were_not_measured_are_called_so(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    built.write(flash_bytes=None, model_bytes=None, ram_bytes=None)
    assert validate(built, FakeBoard()) == 0
    assert "size    not measured on this board" in capsys.readouterr().out


def test_progress_without_a_terminal_is_a_plain_line_now_and_then(
    built: Built, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host.display.LINE_SECONDS", 0.0)
    validate(built, FakeBoard())
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == COUNT
    assert re.fullmatch(r"40 of 40 images, [\d,]+/s", lines[-1])
    assert not any("\x1b" in line for line in lines)


# ---- exit code 2: usage and set-up ----


@pytest.mark.parametrize(
    ("name", "words"),
    [("image/firmware.json", "make firmware"), ("manifest.json", "quantize"), ("reference.npz", "quantize")],
)
@pytest.mark.parametrize("damaged", [False, True])
def test_a_file_that_is_missing_or_damaged(built: Built, name: str, words: str, damaged: bool) -> None:
    path = built.folder.parent / name
    if damaged:
        path.write_bytes(path.read_bytes()[:-20])
    else:
        path.unlink()
    message = failing(lambda: validate(built, FakeBoard()), 2)
    assert str(path) in message
    assert words in message


def test_files_of_different_models_are_refused(built: Built) -> None:
    built.write(sha256="cd" * 32)
    assert "run make firmware again" in failing(lambda: validate(built, FakeBoard()), 2)
    built.write(sha256=SMALL_HELLO.sha256)
    built.with_reference(sha256="cd" * 32)
    assert "quantise again" in failing(lambda: validate(built, FakeBoard()), 2)
    built.with_reference(sha256=SMALL_HELLO.sha256, outputs=built.reference.outputs[:, :3])
    assert "outputs of type int8 and shape [3]" in failing(lambda: validate(built, FakeBoard()), 2)


def test_more_images_than_there_are(built: Built) -> None:
    assert "more than the 40" in failing(lambda: validate(built, FakeBoard(), "--images", "41"), 2)


@pytest.mark.parametrize(
    "options",
    [
        ["--images", "0"],
        ["--images", "ten"],
        ["--threshold", "-1"],
        ["--threshold", "nan"],
        ["--timeout", "0"],
    ],
)
def test_options_that_make_no_sense(
    built: Built, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["validate", str(built.folder), *options])
    assert caught.value.code == 2
    assert f"argument {options[0]}: {options[1]} is not a" in capsys.readouterr().err


@pytest.mark.parametrize("board", ["native", "mps2-an386"])
def test_an_image_that_is_missing_or_was_built_again(built: Built, board: str) -> None:
    built.write(board=board, link="uart")
    assert "make firmware builds it" in failing(lambda: main(["validate", str(built.folder)]), 2)
    built.with_program()
    (built.folder / "firmware.elf").write_bytes(b"another image")
    assert "was built again since firmware.json" in failing(lambda: main(["validate", str(built.folder)]), 2)


def test_qemu_missing(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    built.with_program().write(board="mps2-an386", link="semihosting")
    monkeypatch.setenv("PATH", str(built.folder))
    assert "qemu-system-arm is not installed" in failing(lambda: main(["validate", str(built.folder)]), 2)


# ---- exit code 3: the board and the line; nothing is written ----


def unplug(request: Request, answer: bytes) -> bytes:
    if request.number == COUNT // 2:
        raise Unplug
    return answer


def fail_half_way(request: Request, answer: bytes) -> bytes:
    return error(request, ErrorCode.ENGINE_FAILED, "Invoke") if request.number == COUNT // 2 else answer


@pytest.mark.parametrize(
    ("board", "words"),
    [
        (FakeBoard(fault=lambda request, answer: b""), "no answer within"),
        (FakeBoard(fault=unplug), r"after \d+ of 40 images: /dev/.* went away"),
        (FakeBoard(fault=fail_half_way), "after 19 of 40 images: the engine on the board failed: Invoke"),
        (FakeBoard(engine_fault="arena too small"), "the engine on the board failed: arena too small"),
        (FakeBoard(hello=with_(version=1)), "version 1 of the protocol, this host version 3"),
        (FakeBoard(hello=with_(sha256="cd" * 32)), f"another model: {'cd' * 32}, .* {SMALL_HELLO.sha256}"),
        (FakeBoard(hello=with_(engine="tflm")), "the engine tflm on native, this folder's image is aot"),
        (
            FakeBoard(hello=with_(board="mps2-an386")),
            "the engine aot on mps2-an386, this folder's image is aot for native",
        ),
        (
            FakeBoard(hello=with_(inputs=(WireTensor("input", TensorType.INT8, (1, 6), 0.5, -128),))),
            r"input tensor is int8 \[1, 6\], the manifest's is int8 \[1, 2, 3\]",
        ),
    ],
    ids=[
        "silent",
        "unplugged",
        "fails half way",
        "engine",
        "version",
        "model",
        "engine name",
        "board",
        "shape",
    ],
)
def test_a_board_or_line_that_fails(built: Built, board: FakeBoard, words: str) -> None:
    message = failing(lambda: validate(built, dataclasses.replace(board, requests=[])), 3)
    assert re.search(words, message)
    kept = {"validation.journal"} if "of 40 images" in message else set()
    assert built.files == {"firmware.json"} | kept
    assert ("--resume goes on from there" in message) == bool(kept)


def test_no_such_port(built: Built) -> None:
    message = failing(lambda: main(["validate", str(built.folder), "--port", "/dev/ttyACM99"]), 3)
    assert "there is no port /dev/ttyACM99" in message


def test_no_board_plugged_in(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    built.write(board="nano33ble", link="usb")
    monkeypatch.setattr("host.ports.list_ports", list)
    assert "no board found" in failing(lambda: main(["validate", str(built.folder)]), 3)


def test_a_process_killed_half_way(built: Built) -> None:
    built.with_program("if request.number == 20:\n    os.kill(os.getpid(), signal.SIGKILL)")
    message = failing(lambda: main(["validate", str(built.folder), "--wait", "0"]), 3)
    assert re.search(r"after \d+ of 40 images: the native board was ended by SIGKILL; start again", message)
    assert built.files == {"firmware.json", "firmware.elf", "validation.journal"}
    assert main(["validate", str(built.folder), "--resume"]) == 0  # it dies again, and is waited for
    assert built.files == {"firmware.json", "firmware.elf", "validation.json", "validation.npz"}


def test_an_earlier_validation_does_not_stand_for_a_run_that_failed(built: Built) -> None:
    validate(built, FakeBoard())
    failing(lambda: validate(built, FakeBoard(hello=with_(sha256="cd" * 32))), 3)
    assert (built.folder / "validation.json").exists()  # another board was asked, and nothing begun
    failing(lambda: validate(built, FakeBoard(fault=unplug)), 3)
    assert not (built.folder / "validation.json").exists()


# ---- the program as a user starts it ----


def start(root: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "host", *arguments],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell that runs the tests in the background has told them, and so what they start, to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def test_a_native_image_is_started_and_validated(built: Built, root: Path) -> None:
    built.with_program()
    process = start(root, "validate", str(built.folder))
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert "equal to the reference, byte for byte: 40" in out


@pytest.mark.parametrize(
    ("number", "exit_code", "words"), [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 143, "")]
)
def test_a_run_that_is_stopped_leaves_no_process_behind(
    built: Built, root: Path, number: int, exit_code: int, words: str
) -> None:
    note = built.folder / "process_id"
    hang = f"""\
if request.number == 9:
    open({str(note)!r}, "w").write(str(os.getpid()) + "\\n")
    time.sleep(60)
"""
    built.with_program(hang)
    process = start(root, "validate", str(built.folder), "--timeout", "60")
    give_up = time.monotonic() + 15
    while not (note.exists() and note.read_text().endswith("\n")) and time.monotonic() < give_up:
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=15)
    assert (process.returncode, err) == (exit_code, words)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_an_error_is_one_line_on_stderr(built: Built, root: Path) -> None:
    process = start(root, "validate", str(built.folder), "--port", "/dev/ttyACM99")
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (3, "")
    assert err == (
        "error: there is no port /dev/ttyACM99; plug the board in and look at python -m host ports\n"
    )


# ---- info and ports ----


def test_info_tells_what_runs_at_a_port(capsys: pytest.CaptureFixture[str]) -> None:
    with on_a_pty(FakeBoard()) as path:
        assert main(["info", "--port", path]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"board   native ({path})",
        "engine  aot",
        f"model   {SMALL_HELLO.sha256}",
        "input   int8 1 x 2 x 3, scale 0.5, zero point -128",
        "output  int8 1 x 4, scale 0.25, zero point 0",
        "ticks   instructions, 1,000,000,000 a second",
        "line    protocol 3, 4 frames in flight, requests up to 1,024 B",
    ]


def test_info_starts_the_image_of_a_folder(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    built.with_program()
    assert main(["info", str(built.folder)]) == 0
    assert "board   native (the native board)" in capsys.readouterr().out


def test_info_about_a_board_with_a_failed_engine_shows_its_words() -> None:
    with on_a_pty(FakeBoard(engine_fault="no such operator")) as path:
        message = failing(lambda: main(["info", "--port", path]), 3)
    assert "no such operator" in message


def test_ports_never_fails(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("host.ports.list_ports", list)
    assert main(["ports"]) == 0
    assert "no board found" in capsys.readouterr().out
