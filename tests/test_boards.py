"""Every board.json, and every emulated core: the committed model and all kernel variants, bit for bit."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bench.build import build_bare, generate
from codegen.aot.goals import GOALS
from contract.boards import DEFAULT, FOLDER, Board, board, boards, header, make_variables
from contract.errors import UserError
from contract.firmware import read_firmware
from contract.reference import read_reference
from contract.validation import read_validation
from measure.figures import equal_outputs, figures
from tests.pipeline import build_image, run_stage

EMULATED = [name for name, one in boards().items() if one.emulator]
OTHERS = [name for name in EMULATED if name != DEFAULT]
INPUTS = 200


def test_there_is_a_core_without_dsp_instructions_and_three_with() -> None:
    cores = {boards()[name].core for name in EMULATED}
    assert {"Cortex-M3", "Cortex-M4F", "Cortex-M7", "Cortex-M33"} <= cores


@pytest.mark.parametrize("one", boards().values(), ids=boards())
def test_a_board_says_all_that_the_stages_need(one: Board) -> None:
    assert one.lines
    assert set(one.engines) <= {"aot", "tflm"}
    assert one.tick_unit in {"cycle", "instruction", "nanosecond"}
    assert (FOLDER / (one.family or one.name) / "board.mk").is_file()
    assert f'#define BOARD_NAME "{one.name}"' in header(one)
    assert f"$(eval BOARD_LINES := {' '.join(one.lines)})" in make_variables(one)


def test_the_old_name_of_the_emulated_board_is_an_alias() -> None:
    assert board("qemu") == board("mps2-an386")


def test_an_unknown_board_is_refused_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"there is no board toaster; firmware/boards has mps2-an385"):
        board("toaster")


MISTAKES = [
    ("lines", [], "lines is empty, not of semihosting uart usb pty"),
    ("lines", ["semihost"], "lines is semihost, not of"),
    ("engines", ["steam"], "engines is steam, not of aot tflm"),
    ("tick_unit", "second", "tick_unit is second, not one of"),
    ("tick_hz", 0, "a size or frequency is not above 0"),
    ("ram_bytes", 16384, "no RAM is left beside 16384 of stack"),
    ("flash_bytes", None, "flash_bytes or ram_bytes are missing"),
    ("family", "", "family and emulator belong together"),
    ("family", "cortexm", r"boards/cortexm/board\.mk is not there"),
    ("compiler_flags", "", "compiler_flags are missing"),
    ("emulator.ram", "20000000", "ram is 20000000, not an address such as"),
    ("emulator.ram", "0x20200000", "ram is 0x20200000, not a multiple of 32 MB"),
    ("emulator.timer_hz", 32768, "timer_hz is 32768, not a divisor of tick_hz"),
    ("emulator.timer", None, "emulator.timer is null, not a text"),
]


@pytest.mark.parametrize(("key", "value", "message"), MISTAKES)
def test_a_mistake_in_board_json_is_named_in_one_line(
    key: str, value: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(FOLDER, tmp_path / "boards")
    path = tmp_path / "boards" / "mps2-an500" / "board.json"
    document = json.loads(path.read_text())
    inner, _, last = key.rpartition(".")
    (document[inner] if inner else document)[last] = value
    path.write_text(json.dumps(document))
    monkeypatch.setattr("contract.boards.FOLDER", tmp_path / "boards")
    with pytest.raises(UserError, match=rf"mps2-an500/board\.json is damaged, .*{message}") as refused:
        board("mps2-an500")
    assert "\n" not in str(refused.value)
    assert board("native").name == "native", "the others still work"


def test_a_damaged_board_json_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(FOLDER, tmp_path / "boards")
    path = tmp_path / "boards" / "native" / "board.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "tick_hz": "fast"}))
    monkeypatch.setattr("contract.boards.FOLDER", tmp_path / "boards")
    with pytest.raises(UserError, match=r'board\.json is damaged, tick_hz is "fast", not a whole'):
        boards()


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", OTHERS)
def test_the_model_is_bit_exact_on_every_core(name: str, goal: str, mnist: Path, tmp_path: Path) -> None:
    generate(mnist / "model.tflite", mnist / "manifest.json", tmp_path / "c", ("--optimize", goal))
    build_bare(tmp_path / "c", tmp_path, "-O2", board=name)
    reference = read_reference(mnist / "reference.npz")
    found = figures(tmp_path, reference.inputs[:INPUTS], board(name))
    assert equal_outputs(found.outputs, reference.outputs[:INPUTS]) == INPUTS
    assert found.instructions > 0


@pytest.mark.parametrize("name", OTHERS)
def test_the_firmware_answers_over_its_line_on_every_core(name: str, mnist: Path, tmp_path: Path) -> None:
    image = build_image(mnist, tmp_path / "mnist-pretrained", name)
    run_stage("host", "validate", image, "--images", "200", "--threshold", "5")
    validation, answers = read_validation(image)
    assert (validation.board, validation.bit_exact) == (name, 200)
    firmware = read_firmware(image)
    assert firmware.instructions is not None
    assert abs(np.median(answers.ticks) - firmware.instructions) < 200
