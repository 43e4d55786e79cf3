"""layers.json: which call of the generated model.c computes which layers. codegen writes it, measure and
report read it."""

from dataclasses import dataclass
from pathlib import Path

from contract.documents import read_document

FILE_NAME = "layers.json"


@dataclass(frozen=True)
class Call:
    """One kernel call of model_invoke."""

    line: int  # in model.c
    function: str  # the kernel in C
    variant: str
    reason: str  # why it has this variant
    operators: tuple[int, ...]  # indices in the flatbuffer, first to last
    layers: tuple[str, ...]  # their names
    inputs: tuple[int, ...]  # tensor indices
    outputs: tuple[int, ...]
    places: tuple[int, ...]  # where each output begins in the arena
    sizes: tuple[int, ...]  # bytes of each output
    shapes: tuple[tuple[int, ...], ...]  # of each output, as it is computed
    multiply_accumulates: int  # as they are computed
    constant_bytes: int
    scratch_bytes: int
    instructions: int | None  # about how many a Cortex-M4 executes; None where the variant does not say

    @property
    def title(self) -> str:
        return " + ".join(self.layers)


@dataclass(frozen=True)
class ArenaBuffer:
    """Bytes of the arena while they are needed, from call `first` to call `last`, both included; `last` is
    the number of calls for what the caller reads afterwards."""

    name: str
    kind: str  # activation, scratch, state, or input or output of the model
    place: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True)
class LayerChange:
    """What a rewrite made of one operator of the flatbuffer."""

    operator: int  # its index there
    layer: str
    name: str  # of the operator: CONV_2D
    text: str  # what became of it, and why


@dataclass(frozen=True)
class LayerMap:
    """The calls in the order in which they run. Layers that need none (a RESHAPE) are in no call."""

    sha256: str  # of the flatbuffer
    name: str  # what functions and files begin with
    instances: bool  # whether an application can have several instances
    goal: str  # what the code was optimised for
    arena_bytes: int
    multiply_accumulates: int  # of one inference, as it is computed
    changes: tuple[LayerChange, ...]  # by rewrites, before kernels were chosen
    calls: tuple[Call, ...]
    buffers: tuple[ArenaBuffer, ...]


def read_layer_map(folder: Path) -> LayerMap:
    """Read `folder`/layers.json. UserError where it is missing or damaged."""
    return read_document(folder / FILE_NAME, LayerMap, "python -m codegen")
