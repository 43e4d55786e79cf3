"""profile.json: what each layer costs on one board. thimble profile writes it, report reads it."""

from dataclasses import dataclass
from pathlib import Path

from contract.documents import read_document, write_document

FILE_NAME = "profile.json"


@dataclass(frozen=True)
class LayerCost:
    """One kernel call. Sizes are bytes."""

    layer: str  # the names of its layers
    variant: str
    reason: str  # why it has this variant
    ticks: int  # of the board's counter, the median over the inputs
    instructions: int | None  # executed, on an emulated board
    cycles_estimate: int | None
    multiply_accumulates: int  # of its layers as the kernel computes them
    constant_bytes: int
    scratch_bytes: int

    @property
    def cost(self) -> int:
        """What bars are drawn of: estimated cycles, or where there are none ticks."""
        return self.ticks if self.cycles_estimate is None else self.cycles_estimate


@dataclass(frozen=True)
class Profiled:
    """One model on one board."""

    sha256: str  # of the flatbuffer
    board: str
    core: str
    tick_unit: str  # cycle, instruction, nanosecond
    tick_hz: int
    inputs: int  # how many the ticks are the median of
    layers: tuple[LayerCost, ...]

    def write(self, folder: Path) -> None:
        write_document(folder / FILE_NAME, self)


def read_profile(folder: Path) -> Profiled:
    """Read `folder`/profile.json. UserError where it is missing or damaged."""
    return read_document(folder / FILE_NAME, Profiled, "thimble profile")
