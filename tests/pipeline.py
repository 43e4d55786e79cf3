"""Builds images as the Makefile does, for the tests that need a whole firmware."""

import shutil
import subprocess
import sys
from pathlib import Path

from contract.boards import board as read_board

ROOT = Path(__file__).parent.parent


def run_stage(*arguments: str | Path) -> str:
    """Run `python -m <stage> ...`; its standard output. Fails with what the stage printed."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_image(model_folder: Path, folder: Path, board: str, link: str = "semihosting", **make: str) -> Path:
    """Generate, build and measure the aot engine's image of `model_folder`'s model under `folder`.

    Returns the image's folder; `folder` gets model, manifest and reference, as build/<model>-<recipe>/ does.
    """
    for name in ("model.tflite", "manifest.json", "reference.npz"):
        if not (folder / name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(model_folder / name, folder)
    generated, image = folder / "generated-aot", folder / f"{board}-aot-{link}"
    run_stage(
        "codegen",
        "--tflite",
        folder / "model.tflite",
        "--manifest",
        folder / "manifest.json",
        "--out",
        generated,
    )
    targets = ["all", "bare"] if read_board(board).emulator else ["all"]
    variables = {"BOARD": board, "ENGINE": "aot", "LINK": link, "GENERATED": generated, "OUT": image, **make}
    command = ["make", "-C", str(ROOT / "firmware"), *targets, *(f"{k}={v}" for k, v in variables.items())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    run_stage("measure", "--board", board, "--engine", "aot", "--link", link, image)
    return image
