"""Builds the bare image of this project's engine: codegen, then the firmware's own Makefile."""

import sys
from pathlib import Path

from contract.boards import DEFAULT
from measure.tools import run

ROOT = Path(__file__).parent.parent
COMPILE_OPTIONS = ("-Os", "-O2", "-O3")

# What codegen is asked for, by the engine's name in the tables.
AOT = {f"aot-{goal}": ("--optimize", goal) for goal in ("speed", "size", "portable")}


def generate(tflite: Path, manifest: Path | None, out: Path, arguments: tuple[str, ...] = ()) -> None:
    """Run `python -m codegen` for the aot engine."""
    named = () if manifest is None else ("--manifest", str(manifest.resolve()))
    command = (sys.executable, "-m", "codegen", "--tflite", str(tflite.resolve()), *named)
    run((*command, *arguments, "--out", str(out.resolve())), folder=ROOT)


def build_bare(
    generated: Path, out: Path, option: str, engine_dir: Path | None = None, board: str = DEFAULT
) -> None:
    """Run `make -C firmware bare`; -g adds debug lines beside the code and changes nothing in it."""
    engine = () if engine_dir is None else (f"ENGINE_DIR={engine_dir.resolve()}",)
    folders = (f"GENERATED={generated.resolve()}", f"OUT={out.resolve()}")
    variables = (f"BOARD={board}", f"PYTHON={sys.executable}", f"OPT={option} -g")
    run(("make", "-C", str(ROOT / "firmware"), *variables, *folders, *engine, "bare"))
