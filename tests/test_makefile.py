"""The Makefile: the order of the pipeline, nothing done twice, no variant in another's folder."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pipeline import ROOT

BUILD = Path("build/mnist-pretrained")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files in a folder of their own, with this repository's virtual environment."""
    if not (ROOT / ".venv" / ".test").exists():
        pytest.fail("make test sets up .venv, which this test uses; run it with make test")
    folder = copy_of_the_repository(tmp_path_factory.mktemp("checkout"))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    os.utime(folder / "pyproject.toml", (0, 0))  # older than .venv: make must not install this copy there
    return folder


def copy_of_the_repository(folder: Path) -> Path:
    """The tracked files, without a virtual environment and without build/."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, tracked.stdout.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # A make that runs these tests must not lend its flags and variables to the one under test.
    environment = {
        name: value for name, value in os.environ.items() if "MAKE" not in name and name != "MFLAGS"
    }
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=500
    )


def written(folder: Path) -> dict[Path, int]:
    """Every file under build/ with the time it was last written."""
    return {path: path.stat().st_mtime_ns for path in (folder / "build").rglob("*") if path.is_file()}


def test_the_road_runs_once_and_a_second_make_does_nothing(checkout: Path) -> None:
    first = make(checkout, "RECIPE=pretrained", "BOARD=native", "IMAGES=300", "THRESHOLD=5")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "equal to the reference" in first.stdout
    assert (checkout / BUILD / "report" / "index.html").exists()
    before = written(checkout)
    second = make(checkout, "RECIPE=pretrained", "BOARD=native", "IMAGES=300", "THRESHOLD=5")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "equal to the reference" in second.stdout
    assert written(checkout) == before

    more = make(checkout, "RECIPE=pretrained", "BOARD=native", "IMAGES=400", "THRESHOLD=5")
    assert more.returncode == 0, more.stdout + more.stderr
    changed = {path.name for path, when in written(checkout).items() if before.get(path) != when}
    assert "validation.json" in changed, "another number of images is another validation"
    assert not changed & {"model.tflite", "model.c", "firmware.elf"}, "and nothing before it is made again"


def test_a_variant_keeps_out_of_anothers_folder(checkout: Path) -> None:
    make(checkout, "RECIPE=pretrained", "BOARD=native", "firmware")
    before = written(checkout)
    other = make(checkout, "RECIPE=pretrained", "BOARD=native", "OPTIMIZE=portable", "firmware")
    assert other.returncode == 0, other.stdout + other.stderr
    after = written(checkout)
    assert {path: after[path] for path in before} == before
    assert (checkout / BUILD / "native-aot-portable" / "firmware.elf").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["BOARD=toaster"], "there is no board toaster; firmware/boards has mps2-an385, "),
        (["BOARD=native", "LINK=uart"], "LINK=uart has no meaning for BOARD=native, which has: pty"),
        (["ENGINE=tflm"], "ENGINE=tflm has no meaning for BOARD=mps2-an386, which has: aot"),
        (["BOARD=nano33ble", "OPTIMIZE=size"], "OPTIMIZE=size has no meaning for ENGINE=tflm"),
        (["PORT=/dev/ttyACM0"], "PORT=/dev/ttyACM0 has no meaning for BOARD=mps2-an386"),
        (["TFLM_LIBRARY=lib"], "TFLM_LIBRARY=lib has no meaning for ENGINE=aot"),
        (["DATA=d.npz"], "DATA=d.npz has no meaning without KERAS= or TFLITE="),
        (["TFLITE=m.tflite", "RECIPE=best"], "RECIPE=best has no meaning beside KERAS= or TFLITE="),
        (["TFLITE=my model.tflite"], "TFLITE=my model.tflite: make cannot take a path with a space in it"),
        (["TFLITE=a:b.tflite"], "TFLITE=a:b.tflite: make cannot take a path with : in it"),
        (["TFLITE=a#b.tflite"], "make cannot take a path with # in it"),
        (["TFLITE=a%b.tflite"], "TFLITE=a%b.tflite: make cannot take a path with % in it"),
        (["RECIPE=fast"], "RECIPE=fast is not one of"),
        (["MODEL=imagenet"], "MODEL=imagenet is not one of: mnist fashion"),
        (["KERAS=my.keras"], "KERAS= needs DATA="),
    ],
)
def test_a_variable_with_a_value_that_is_not_known_is_refused(
    checkout: Path, arguments: list[str], message: str
) -> None:
    done = make(checkout, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize("name", ["a space", "a:colon", "a%percent", "a#hash"])
def test_a_checkout_in_a_folder_that_make_cannot_take_is_refused_in_one_line(
    checkout: Path, name: str, tmp_path: Path
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for kept in ("Makefile", "contract", "firmware"):
        (folder / kept).symlink_to(checkout / kept)
    done = make(folder, "help")
    assert done.returncode == 2
    assert "make cannot take a path with" in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_names_every_target(checkout: Path) -> None:
    done = make(checkout, "help")
    assert done.returncode == 0
    for target in (
        "all",
        "tflite",
        "firmware",
        "flash",
        "validate",
        "report",
        "bench",
        "test",
        "lint",
        "clean",
    ):
        assert f"make {target}" in done.stdout


def test_a_failed_validation_is_not_taken_for_done(checkout: Path) -> None:
    arguments = ("RECIPE=pretrained", "BOARD=native", "IMAGES=50", "THRESHOLD=5")
    make(checkout, *arguments, "firmware")
    firmware = checkout / BUILD / "native-aot" / "firmware.elf"
    script = "#!/bin/sh\nexit 1\n"
    assert make(checkout, *arguments).returncode == 0
    firmware.write_text(script)
    for _ in range(2):
        assert make(checkout, *arguments).returncode != 0
    firmware.unlink()
    assert make(checkout, *arguments).returncode == 0


@pytest.mark.timeout(600)  # it installs packages
def test_a_pretrained_model_reaches_the_board_from_nothing_and_without_tensorflow(tmp_path: Path) -> None:
    folder = copy_of_the_repository(tmp_path)
    done = make(folder, "RECIPE=pretrained", "BOARD=native", "IMAGES=300", "THRESHOLD=5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "equal to the reference" in done.stdout
    assert "warning" not in done.stdout + done.stderr
    for package in ("tensorflow", "tflite_micro"):
        imported = subprocess.run(
            [folder / ".venv/bin/python", "-c", f"import {package}"], capture_output=True
        )
        assert imported.returncode != 0, f"{package} was installed"


def test_missing_tools_are_named_with_every_package_manager(tmp_path: Path) -> None:
    """Without root, sudo or a compiler: one line, exit code 2."""
    for tool in ("sh", "id", "tr", "sed"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    (tmp_path / "id").unlink()
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    done = subprocess.run(
        ["sh", ROOT / "tools" / "require.sh", "arm", "qemu"],
        env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    for command in (
        "sudo apt install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm",
        "sudo dnf install arm-none-eabi-gcc-cs",
        "sudo pacman -S arm-none-eabi-gcc",
        "brew install gcc-arm-embedded qemu",
    ):
        assert command in line
