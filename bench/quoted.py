"""Figures that cannot be measured again from a package registry, and so are quoted: bench/quoted.json.

TensorFlow Lite Micro's C++ sources are in no registry. Its figures were measured once by hand, on the same
emulated board with the same compiler and in the same bare image; docs/performance.md says how.
"""

from dataclasses import dataclass
from pathlib import Path

from contract.documents import read_document

PATH = Path(__file__).parent / "quoted.json"


@dataclass(frozen=True)
class Quoted:
    """One engine with one option, on one flatbuffer. Sizes are bytes."""

    engine: str
    commit: str  # of the library's repository
    options: str
    flatbuffer_sha256: str
    measured: str  # the date
    instructions: int  # executed an inference
    cycles_estimate: int
    flash_bytes: int
    ram_bytes: int  # with the peak stack
    inputs: int  # that were compared
    bit_exact: bool


def quoted(flatbuffer_sha256: str) -> tuple[Quoted, ...]:
    """What is quoted for this flatbuffer; nothing for another one."""
    rows = read_document(PATH, tuple[Quoted, ...], "whoever measures")
    return tuple(row for row in rows if row.flatbuffer_sha256 == flatbuffer_sha256)
