"""Figures that cannot be measured again from a package registry, and so are quoted: bench/quoted.json.

TensorFlow Lite Micro's C++ sources are in no registry. Its figures were measured once by hand, on the same
emulated board with the same compiler and in the same bare image; docs/performance.md says how.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from contract.documents import read_document
from contract.files import sha256
from contract.graph import Model

PATH = Path(__file__).parent / "quoted.json"


@dataclass(frozen=True)
class Quoted:
    """One engine with one option, on one flatbuffer. Sizes are bytes."""

    engine: str
    commit: str  # of the library's repository
    options: str
    flatbuffer_sha256: str
    network_sha256: str  # of `network_sha256`
    measured: str  # the date
    instructions: int  # executed an inference
    cycles_estimate: int
    flash_bytes: int
    ram_bytes: int  # with the peak stack
    inputs: int  # that were compared
    bit_exact: bool
    text: str = "quoted"  # what a table says about the row


def quoted(model: Model) -> tuple[Quoted, ...]:
    """What is quoted for a flatbuffer of this network, with these weights or others; nothing for another."""
    rows = read_document(PATH, tuple[Quoted, ...], "whoever measures")
    network = network_sha256(model)
    return tuple(
        row
        if row.flatbuffer_sha256 == model.sha256
        else replace(row, text=f"quoted, other weights ({row.flatbuffer_sha256[:8]})")
        for row in rows
        if row.network_sha256 == network
    )


def network_sha256(model: Model) -> str:
    """The SHA-256 of what the network is without its weights and scales: operators, options, shapes."""
    lines = []
    for operator in model.operators:
        shapes = [model.tensors[index].shape for index in (*operator.inputs, *operator.outputs) if index >= 0]
        lines.append(f"{operator.name} {operator.options} {shapes}")
    return sha256("\n".join(lines).encode())
