"""The same figures for every engine: flash, RAM, stack and instructions of bare.elf."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.boards import Board
from contract.reference import equal
from measure.emulator import run_bare
from measure.image import constant_bytes, sizes


@dataclass(frozen=True)
class Figures:
    """What bare.elf costs. Sizes are bytes."""

    flash_bytes: int  # text + data: start-up, engine, model and the loop over inputs
    model_bytes: int  # of flash_bytes: read-only data of the generated sources
    ram_bytes: int  # data + bss + stack_bytes
    stack_bytes: int  # the deepest the stack has been
    instructions: int  # executed an inference, the mean over the inputs
    outputs: NDArray[np.int8] = field(repr=False)  # (N, bytes of an output)


def figures(folder: Path, inputs: NDArray[Any], board: Board) -> Figures:
    """Run `folder`/bare.elf over `inputs` (N, ...) in the emulator and read its sizes.

    `folder` is the OUT of `make -C firmware bare`. UserError where there is no such image or it fails.
    """
    image = folder / "bare.elf"
    size = sizes(image)
    run = run_bare(image, inputs, board)
    return Figures(
        flash_bytes=size.flash,
        model_bytes=constant_bytes(folder / "bare.map"),
        ram_bytes=size.ram + run.stack_bytes,
        stack_bytes=run.stack_bytes,
        instructions=round(run.instructions),
        outputs=run.outputs,
    )


def equal_outputs(outputs: NDArray[Any], reference: NDArray[Any]) -> int:
    """How many of the N outputs equal the reference (N, ...) in every byte."""
    return int(np.count_nonzero(equal(outputs, reference)))
