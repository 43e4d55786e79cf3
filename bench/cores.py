"""The same model on every emulated core: instructions, flash and RAM."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.build import AOT, build_bare, generate
from contract.boards import boards
from contract.documents import read_document, write_document
from contract.reference import read_reference
from measure.figures import equal_outputs, figures

FILE_NAME = "cores.json"
OPTION = "-O2"
INPUTS = 1000  # of the reference


@dataclass(frozen=True)
class CoreRow:
    """This project's engine on one core. Sizes are bytes."""

    core: str
    board: str
    engine: str  # aot-speed, ...
    options: str
    instructions: int  # executed an inference
    flash_bytes: int
    ram_bytes: int
    inputs: int
    bit_exact: bool


def compare_cores(folder: Path, say: Callable[[str], None]) -> tuple[CoreRow, ...]:
    """Build and run the model in `folder` for every emulated board, and write `folder`/cores.json."""
    reference = read_reference(folder / "reference.npz")
    rows = []
    for engine, arguments in AOT.items():
        generated = folder / "bench" / engine / "generated"
        generate(folder / "model.tflite", folder / "manifest.json", generated, arguments)
        for board in boards().values():
            if board.emulator is None:
                continue
            say(f"{engine} on {board.name}")
            out = folder / "bench" / engine / board.name
            build_bare(generated, out, OPTION, board=board.name)
            found = figures(out, reference.inputs[:INPUTS], board)
            count = len(found.outputs)
            rows.append(
                CoreRow(
                    core=board.core,
                    board=board.name,
                    engine=engine,
                    options=OPTION,
                    instructions=found.instructions,
                    flash_bytes=found.flash_bytes,
                    ram_bytes=found.ram_bytes,
                    inputs=count,
                    bit_exact=equal_outputs(found.outputs, reference.outputs[:count]) == count,
                )
            )
    write_document(folder / FILE_NAME, rows)
    return tuple(rows)


def read_cores(folder: Path) -> tuple[CoreRow, ...]:
    """Read `folder`/cores.json. UserError where it is missing or damaged."""
    return read_document(folder / FILE_NAME, tuple[CoreRow, ...], "make bench")
