"""make proof: networks on emulated boards, every output held against TensorFlow Lite Micro."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.build import AOT, build_bare, generate
from contract.boards import Board
from contract.documents import read_document
from contract.flatbuffer import read_model
from contract.graph import Model
from contract.layer_map import read_layer_map
from contract.macs import multiply_accumulates
from measure.figures import Figures, equal_outputs, figures
from quantize import tflm
from quantize.artefacts import random_inputs

FILE_NAME = "proof.json"
OPTION = "-O2"


@dataclass(frozen=True)
class ProofRow:
    """One network for one goal on one core. Sizes are bytes."""

    network: str
    sha256: str  # of the flatbuffer
    core: str
    engine: str  # aot-speed, ...
    products: int  # multiply-accumulates of an inference in the flatbuffer
    computed: int  # those that are left after the rewrites
    instructions: int  # executed an inference, the mean over the inputs
    arena_bytes: int
    flash_bytes: int
    ram_bytes: int  # of the whole bare image with its stack
    inputs: int
    equal: int  # of them: every byte of every output as the reference has it

    @property
    def verdict(self) -> str:
        """How many outputs are equal, for a table."""
        return verdict(self.equal, self.inputs)


def verdict(equal: int, inputs: int) -> str:
    """How many outputs of so many inputs are equal, for a table."""
    return f"all {inputs:,}" if equal == inputs else f"{equal:,} of {inputs:,}"


@dataclass(frozen=True)
class Network:
    """A network, and what the reference runtime answers."""

    name: str
    path: Path
    model: Model
    inputs: NDArray[np.generic]  # as contract.reference holds them
    outputs: NDArray[np.generic]


def read_network(path: Path, count: int, seed: int = 0) -> Network:
    """The int8 flatbuffer at `path`, and the reference's answers to `count` random inputs. UserError where it
    cannot be read or the reference cannot run it."""
    model = read_model(path)
    inputs = random_inputs(model, count, seed)
    return Network(path.stem, path, model, inputs, tflm.outputs(model, inputs))


def prove(
    networks: Iterable[Network],
    boards: Iterable[Board],
    work: Path,
    say: Callable[[str], None] = lambda line: None,
    workers: int = 1,
) -> Iterator[ProofRow]:
    """Build every network in `work` for every goal, and run it on all of `boards`, `workers` at a time. `say`
    gets a line for each image that begins to run."""
    targets = tuple(boards)

    def run(image: tuple[Network, str, Board]) -> ProofRow:
        network, engine, board = image
        say(f"{network.name} {engine} on {board.name}")
        folder = work / network.name / engine
        return _row(network, engine, board, folder)

    images = []
    for network in networks:
        for engine, arguments in AOT.items():
            generated = work / network.name / engine / "generated"
            generate(network.path, None, generated, arguments)
            images += [(network, engine, board) for board in targets]
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(run, images)


def _row(network: Network, engine: str, board: Board, folder: Path) -> ProofRow:
    out = folder / board.name
    build_bare(folder / "generated", out, OPTION, board=board.name)
    found: Figures = figures(out, network.inputs, board)
    layer_map = read_layer_map(folder / "generated")
    return ProofRow(
        network=network.name,
        sha256=layer_map.sha256,
        core=board.core,
        engine=engine,
        products=multiply_accumulates(network.model),
        computed=layer_map.multiply_accumulates,
        instructions=found.instructions,
        arena_bytes=layer_map.arena_bytes,
        flash_bytes=found.flash_bytes,
        ram_bytes=found.ram_bytes,
        inputs=len(network.inputs),
        equal=equal_outputs(found.outputs, network.outputs),
    )


def read_proof(path: Path) -> tuple[ProofRow, ...]:
    """Read the rows at `path`. UserError where they are missing or damaged."""
    return read_document(path, tuple[ProofRow, ...], "make proof")
