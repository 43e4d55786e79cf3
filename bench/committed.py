"""The committed figures of models/mnist, so that a change that makes it slower or larger is seen.

`python -m bench update` writes them again after a change that is meant.
"""

import json
from pathlib import Path

from bench.build import AOT, ROOT, build_bare, generate
from contract.boards import DEFAULT, board
from contract.errors import UserError
from contract.files import write_text
from contract.reference import read_reference
from measure.figures import Figures, equal_outputs, figures
from measure.tools import cross

PATH = Path(__file__).parent / "committed.json"
MODEL = ROOT / "models" / "mnist"
OPTION = "-O2"
INPUTS = 100
WATCHED = ("instructions", "flash_bytes", "ram_bytes")
TOLERANCE = 0.02  # with the compiler that the committed figures come from
OTHER_COMPILER = 0.10  # another one makes other code of the same source


def measured(work: Path) -> dict[str, dict[str, int]]:
    """The watched figures by engine, built and run in the folder `work`. UserError where outputs differ."""
    reference = read_reference(MODEL / "reference.npz")
    found = {}
    for engine, arguments in AOT.items():
        folder = work / engine
        generate(MODEL / "model.tflite", MODEL / "manifest.json", folder / "generated", arguments)
        build_bare(folder / "generated", folder, OPTION)
        found_now: Figures = figures(folder, reference.inputs[:INPUTS], board(DEFAULT))
        if equal_outputs(found_now.outputs, reference.outputs[:INPUTS]) != INPUTS:
            raise UserError(f"{engine} gives other outputs than the reference of {MODEL}", 1)
        found[engine] = {name: getattr(found_now, name) for name in WATCHED}
    return found


def compiler() -> str:
    """The compiler's version, as 12.2.1."""
    return cross("gcc", "-dumpfullversion").strip()


def growth(
    now: dict[str, dict[str, int]], committed: dict[str, dict[str, int]], tolerance: float
) -> list[str]:
    """A line for each figure that is more than `tolerance` (a share) above the committed one."""
    return [
        f"{engine} {name}: {now[engine][name]:,} instead of {before:,}"
        for engine, figures_before in committed.items()
        for name, before in figures_before.items()
        if now[engine][name] > before * (1 + tolerance)
    ]


def write(now: dict[str, dict[str, int]]) -> None:
    """Commit to `now`."""
    document = {"compiler": compiler(), "options": OPTION, "figures": now}
    write_text(PATH, json.dumps(document, indent=2) + "\n")


def read() -> tuple[str, dict[str, dict[str, int]]]:
    """The committed figures' compiler, and the figures by engine."""
    document = json.loads(PATH.read_text(encoding="utf-8"))
    return document["compiler"], document["figures"]
