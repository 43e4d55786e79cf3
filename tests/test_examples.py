"""Every script of examples/ goes through the whole pipeline, with a few steps of training."""

import subprocess
import sys
from pathlib import Path

import pytest

from contract.manifest import read_manifest
from contract.task import CLASSIFICATION, RECONSTRUCTION, REGRESSION
from host.validate import Way, validate
from quantize import stage
from report.__main__ import main as report
from tests.pipeline import ROOT, build_image

pytestmark = pytest.mark.filterwarnings("ignore:__array__", "ignore:Statistics for quantized inputs")

TASKS = {
    "gestures": CLASSIFICATION,
    "battery": REGRESSION,
    "bearing": RECONSTRUCTION,
    "shapes": CLASSIFICATION,
}


def test_every_example_is_tried_and_told_of() -> None:
    scripts = {path.stem for path in (ROOT / "examples").glob("*.py")}
    assert scripts == set(TASKS)
    told = (ROOT / "examples" / "README.md").read_text()
    assert all(f"[{name}.py]({name}.py)" in told for name in scripts)


@pytest.mark.parametrize("name", TASKS)
def test_an_example_reaches_a_verified_board(name: str, tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "examples" / f"{name}.py"), "--epochs", "1"]
    done = subprocess.run([*script, "--out", str(tmp_path)], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    command = f"make KERAS={tmp_path}/{name}.keras DATA={tmp_path}/{name}.npz"
    assert done.stdout.splitlines()[-1] == command
    folder = tmp_path / "built"
    stage.quantise(
        tmp_path / f"{name}.keras", tmp_path / f"{name}.npz", folder, name, "own", "ptq", 100, 0, "aot"
    )
    image = build_image(folder, folder, "native", "pty")
    validation, failure = validate(image, images=None, threshold=100, way=Way())
    assert failure is None
    assert validation.bit_exact == read_manifest(folder / "manifest.json").images
    assert [result.task for result in validation.outputs] == [TASKS[name]]
    assert report([str(image)]) == 0
