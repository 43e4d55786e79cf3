"""firmware/Makefile: what it builds, what it leaves alone, and what it says when something is missing."""

import subprocess
from pathlib import Path

import pytest

from tests.c_build import FIRMWARE, compile_c
from tests.session_harness.boards import HERE, build

CORE = sorted((FIRMWARE / "core").glob("*.c"))
PORTABLE = [*CORE, FIRMWARE / "main.c"]
# The Arduino core's: C as gnu11, C++ as gnu++14, for the same processor.
CORTEX_M4 = (
    "-Os",
    "-funsigned-char",
    "-mcpu=cortex-m4",
    "-mthumb",
    "-mfloat-abi=softfp",
    "-mfpu=fpv4-sp-d16",
)


def make(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["make", "-C", str(FIRMWARE), *arguments, *(f"{name}={value}" for name, value in variables.items())],
        capture_output=True,
        text=True,
        timeout=60,
    )


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_second_make_touches_nothing(tmp_path: Path) -> None:
    build(tmp_path, "BOARD=mps2-an386")
    before = times(tmp_path)
    build(tmp_path, "BOARD=mps2-an386")
    assert times(tmp_path) == before


def test_another_option_compiles_everything_again(tmp_path: Path) -> None:
    build(tmp_path, "BOARD=mps2-an386")
    before = times(tmp_path)
    build(tmp_path, "BOARD=mps2-an386", "OPT=-Os")
    after = times(tmp_path)
    objects = [path for path in after if path.suffix == ".o"]
    assert len(objects) > 8
    assert all(after[path] > before[path] for path in objects)
    assert " -Os " in (tmp_path / "build.txt").read_text().splitlines()[1]


def test_going_back_to_another_line_links_again(tmp_path: Path) -> None:
    images = []
    for line in ("semihosting", "uart", "semihosting"):
        images.append((build(tmp_path, "BOARD=mps2-an386", f"LINK={line}") / "firmware.elf").read_bytes())
    assert images[0] != images[1]
    assert images[0] == images[2]


def test_a_changed_header_compiles_what_includes_it(tmp_path: Path) -> None:
    generated = tmp_path / "generated"
    generated.mkdir()
    for name in ("model_info.h", "model_info.c"):
        (generated / name).write_bytes((HERE / "fake_model" / name).read_bytes())
    build(tmp_path / "out", "BOARD=mps2-an386", f"GENERATED={generated}")
    before = times(tmp_path / "out")
    (generated / "model_info.h").touch()
    build(tmp_path / "out", "BOARD=mps2-an386", f"GENERATED={generated}")
    changed = {path.name for path, time in times(tmp_path / "out").items() if time > before[path]}
    assert {"main.c.o", "model_info.c.o", "fake_engine.c.o", "firmware.elf"} <= changed
    assert "cobs.c.o" not in changed


def test_the_image_fits_the_memory(tmp_path: Path) -> None:
    """What is not engine or model stays small: the bare image's start-up, and the protocol with its line."""
    build(tmp_path, "BOARD=mps2-an386", "bare")
    flash = {}
    for image in ("bare", "firmware"):
        size = subprocess.run(
            ["arm-none-eabi-size", str(tmp_path / f"{image}.elf")], capture_output=True, text=True, check=True
        )
        text, data = map(int, size.stdout.splitlines()[1].split()[:2])
        flash[image] = text + data
    assert flash["bare"] < 2_400
    assert flash["firmware"] < 5_500


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"BOARD": "toaster"}, "there is no board toaster; firmware/boards has "),
        ({"ENGINE": "steam"}, "ENGINE=steam: nothing in engines/steam"),
        ({"GENERATED": ""}, "say GENERATED=<the folder that python -m codegen wrote>"),
        ({"GENERATED": "/nowhere"}, "no model_info.c in /nowhere: run python -m codegen --out /nowhere"),
        ({"OUT": ""}, "say OUT=<the folder for the image>"),
        ({"LINK": "pigeon"}, "LINK=pigeon has no meaning for BOARD=mps2-an386, which has: semihosting uart"),
        (
            {"BOARD": "native", "CC": "no-such-cc"},
            "no-such-cc is not installed; BOARD=native needs a C compiler",
        ),
    ],
)
def test_it_says_what_is_wrong(tmp_path: Path, variables: dict[str, str], message: str) -> None:
    right = {"BOARD": "mps2-an386", "OUT": str(tmp_path / "out"), "GENERATED": str(HERE / "fake_model")}
    result = make(**(right | variables))
    assert result.returncode != 0
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_the_linker_script_follows_board_json(tmp_path: Path) -> None:
    build(tmp_path, "BOARD=mps2-an386")
    script = tmp_path / "image.ld"
    before = script.read_text()
    (tmp_path / "board_config.h").write_text("#error another board.json wrote this\n")
    script.write_text("an old script")
    build(tmp_path, "BOARD=mps2-an386")
    assert script.read_text() == before


def test_only_the_emulated_board_has_a_bare_image(tmp_path: Path) -> None:
    result = make("bare", BOARD="native", OUT=str(tmp_path), GENERATED=str(HERE / "fake_model"))
    assert result.returncode != 0
    assert "BOARD=native has no bare image; the emulated boards have" in result.stderr


@pytest.mark.parametrize(("standard", "suffix"), [("gnu11", "c"), ("c11", "c"), ("gnu++14", "c++")])
@pytest.mark.parametrize("source", PORTABLE, ids=lambda source: source.name)
def test_the_core_compiles_as_the_arduino_core_compiles(
    tmp_path: Path, source: Path, standard: str, suffix: str
) -> None:
    flags = ("-x", suffix, f"-std={standard}", *CORTEX_M4, "-c", f"-I{HERE / 'fake_model'}")
    compile_c([source], tmp_path / "object.o", flags, compiler="arm-none-eabi-gcc")
