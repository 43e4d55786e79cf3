"""Instructions and estimated cycles of one inference, and of each layer in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.bench import Share
from contract.boards import Board
from contract.errors import UserError
from contract.layer_map import LayerMap
from measure.cycles import CLOCK_HZ, estimate
from measure.disassembly import Instruction, disassemble
from measure.emulator import trace_bare
from measure.image import symbol_address
from measure.layers import invoke_lines, layer_of_each
from measure.timings import KINDS, base_name, kind


@dataclass(frozen=True)
class Profile:
    """One inference, from the first instruction of engine_invoke to its return."""

    instructions: int
    cycles_estimate: int
    kinds: dict[str, int]  # instructions by what they do, see measure.timings.kind
    operators: tuple[Share, ...]  # empty for an engine that is not this project's

    @property
    def ms_at_64_mhz(self) -> float:
        return 1000 * self.cycles_estimate / CLOCK_HZ


def profile(image: Path, one_input: NDArray[Any], layer_map: LayerMap | None, board: Board) -> Profile:
    """Follow one inference of bare.elf instruction by instruction.

    `layer_map` is that of this project's engine, whose image was compiled with -g; None for another engine,
    which is not divided into layers.
    """
    inference = one_inference(trace_bare(image, one_input, board), symbol_address(image, "engine_invoke"))
    instructions = disassemble(image)
    cycles = estimate(inference, instructions)
    return Profile(
        instructions=len(cycles),
        cycles_estimate=int(cycles.sum()),
        kinds=_kinds(inference[:-1], instructions),
        operators=() if layer_map is None else _shares(image, inference[:-1], cycles, layer_map),
    )


def one_inference(trace: NDArray[np.uint32], entry: int) -> NDArray[np.uint32]:
    """The part of `trace` from `entry`, the address of engine_invoke, to where its caller goes on."""
    entries = np.flatnonzero(trace == entry)
    if not len(entries) or entries[0] == 0:
        raise UserError("the image never called engine_invoke; build it with make -C firmware bare")
    start = int(entries[0])
    returned = np.flatnonzero(trace[start:] == trace[start - 1] + 4)  # BL is four bytes
    if not len(returned):
        raise UserError("the image never returned from engine_invoke")
    return trace[start : start + int(returned[0]) + 1]


def _kinds(inference: NDArray[np.uint32], instructions: dict[int, Instruction]) -> dict[str, int]:
    kinds = dict.fromkeys(KINDS, 0)
    for address, count in zip(*np.unique(inference, return_counts=True), strict=True):
        kinds[kind(base_name(instructions[int(address)].mnemonic))] += int(count)
    return kinds


def _shares(
    image: Path,
    inference: NDArray[np.uint32],
    cycles: NDArray[np.int64],
    layer_map: LayerMap,
) -> tuple[Share, ...]:
    lines = invoke_lines(image, np.unique(inference).tolist())
    names, layer = layer_of_each(inference, lines, {call.line: call.title for call in layer_map.calls})
    instructions = np.bincount(layer, minlength=len(names))
    of_cycles = np.bincount(layer, weights=cycles, minlength=len(names))
    return tuple(
        Share(name, int(count), round(float(sum_)))
        for name, count, sum_ in zip(names, instructions, of_cycles, strict=True)
        if count
    )
