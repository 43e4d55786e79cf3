"""bench.json: engines and compile options side by side. bench writes it, report reads it."""

from dataclasses import dataclass
from pathlib import Path

from contract.documents import read_document

FILE_NAME = "bench.json"


@dataclass(frozen=True)
class Share:
    """One layer, or one fused call of several."""

    layer: str
    instructions: int
    cycles_estimate: int


@dataclass(frozen=True)
class Row:
    """One engine, built with one option. Sizes are bytes."""

    engine: str  # aot-speed, bakenn-cmsis, ...
    options: str  # -O2
    instructions: int  # executed an inference, the mean over the inputs
    instructions_per_mac: float
    flash_bytes: int
    model_bytes: int  # of flash_bytes
    ram_bytes: int
    stack_bytes: int  # of ram_bytes
    bit_exact: bool  # all outputs of `inputs` equal the reference in every byte
    inputs: int
    cycles_estimate: int  # of the first input's inference
    ms_at_64_mhz: float
    kinds: dict[str, int]  # of the first input's inference: multiply, load, ...
    operators: tuple[Share, ...]  # of the first input's inference; empty for a baseline
    note: str = ""


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read the rows at `path`. UserError where they are missing or damaged."""
    return read_document(path, tuple[Row, ...], "make bench")
