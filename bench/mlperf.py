"""make bench-mlperf: the reference networks of MLPerf Tiny, as they are, beside what others need for them.

The files belong to github.com/mlcommons/tiny and are not part of this repository: a user fetches them, and
they are known by their SHA-256 (bench/mlperf.json). There, too, is what cannot be measured here: TensorFlow
Lite Micro, measured once by hand on the same emulated core, and the best published results on silicon.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.build import AOT, build_bare, generate
from bench.proof import Network, read_network, verdict
from contract.boards import DEFAULT, board
from contract.documents import read_document
from contract.errors import UserError
from contract.files import sha256_of
from contract.layer_map import read_layer_map
from measure.figures import equal_outputs, figures
from measure.image import sizes
from measure.profile import profile

PATH = Path(__file__).parent / "mlperf.json"
FILE_NAME = "mlperf.json"
REPOSITORY = "https://github.com/mlcommons/tiny at 1afd2c9820f795965a6134facd0b4dfae41ef23f"
OPTION = "-O2"
CODE_BYTES = 8000  # of an image, about: what its limit of flash leaves to constants at first
ATTEMPTS = 6


@dataclass(frozen=True)
class ByHand:
    """TensorFlow Lite Micro with CMSIS-NN at -O3 (Arduino_TensorFlowLite 7948b85, 2026-11-24). Sizes are
    bytes."""

    instructions: int
    cycles_estimate: int
    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True)
class Record:
    """The best published result on a Cortex-M4F: milliseconds times 120 MHz on a NUCLEO-L4R5ZI."""

    system: str
    round: str
    cycles: int


@dataclass(frozen=True)
class Task:
    """A reference network, and the limits of one of its rows: bytes of the whole bare image."""

    name: str
    title: str
    path: str  # in REPOSITORY
    sha256: str
    flash_limit: int
    ram_limit: int
    tflm: ByHand
    record: Record


@dataclass(frozen=True)
class MlperfRow:
    """This project's engine on one network. Sizes are bytes of the whole bare image, RAM with its stack."""

    task: str
    engine: str  # aot-speed, ...
    limited: bool  # to the task's flash and RAM
    instructions: int
    cycles_estimate: int
    flash_bytes: int
    ram_bytes: int
    inputs: int
    equal: int


def tasks() -> tuple[Task, ...]:
    """The four tasks."""
    return read_document(PATH, tuple[Task, ...], "whoever measures")


def find(folder: Path) -> list[tuple[Task, Path]]:
    """The reference networks in `folder`, by their SHA-256. UserError names all that are missing."""
    found = {sha256_of(path): path for path in sorted(folder.rglob("*.tflite"))}
    missing = [task for task in tasks() if task.sha256 not in found]
    if missing:
        raise UserError(
            f"{folder} lacks {', '.join(task.path for task in missing)} of {REPOSITORY}; fetch "
            f"{'it' if len(missing) == 1 else 'them'} into that folder, under any name"
        )
    return [(task, found[task.sha256]) for task in tasks()]


def measure(
    networks: Sequence[tuple[Task, Path]], work: Path, inputs: int, say: Callable[[str], None]
) -> Iterator[MlperfRow]:
    """Each network within its limits, for speed and for size, over `inputs` random ones."""
    for task, path in networks:
        say(f"{task.name}: the reference")
        yield from measure_one(task, read_network(path, inputs), work / task.name, say)


def measure_one(task: Task, network: Network, work: Path, say: Callable[[str], None]) -> Iterator[MlperfRow]:
    """The three rows of one network, built in the folder `work`."""
    say(f"{task.name}: aot-speed within {task.flash_limit:,} bytes of flash")
    yield _limited(task, network, work / "limited")
    for engine in ("aot-speed", "aot-size"):
        say(f"{task.name}: {engine}")
        generate(network.path, None, work / engine / "generated", AOT[engine])
        build_bare(work / engine / "generated", work / engine, OPTION)
        yield _measured(task, network, engine, work / engine, limited=False)


def _limited(task: Task, network: Network, folder: Path) -> MlperfRow:
    """The fastest image that keeps to the task's limits. How much of it is code is known when it is built."""
    constants = max(1, task.flash_limit - CODE_BYTES)
    for _ in range(ATTEMPTS):
        limits = ("--flash-limit", str(constants), "--ram-limit", str(task.ram_limit))
        generate(network.path, None, folder / "generated", (*AOT["aot-speed"], *limits))
        build_bare(folder / "generated", folder, OPTION)
        flash = sizes(folder / "bare.elf").flash
        if flash <= task.flash_limit:
            return _measured(task, network, "aot-speed", folder, limited=True)
        constants -= flash - task.flash_limit
        if constants < 1:
            break
    raise UserError(f"{task.name} cannot be built within {task.flash_limit:,} bytes of flash", 1)


def _measured(task: Task, network: Network, engine: str, folder: Path, limited: bool) -> MlperfRow:
    """The figures of the image in `folder`."""
    on = board(DEFAULT)
    found = figures(folder, network.inputs, on)
    traced = profile(folder / "bare.elf", network.inputs[:1], read_layer_map(folder / "generated"), on)
    return MlperfRow(
        task=task.name,
        engine=engine,
        limited=limited,
        instructions=found.instructions,
        cycles_estimate=traced.cycles_estimate,
        flash_bytes=found.flash_bytes,
        ram_bytes=found.ram_bytes,
        inputs=len(network.inputs),
        equal=equal_outputs(found.outputs, network.outputs),
    )


def read_mlperf(path: Path) -> tuple[MlperfRow, ...]:
    """Read the rows at `path`. UserError where they are missing or damaged."""
    return read_document(path, tuple[MlperfRow, ...], "make bench-mlperf MODELS=folder")


def cells(rows: Sequence[MlperfRow], tasks: Sequence[Task]) -> Iterator[tuple[str, ...]]:
    """The cells of each line: for each task this project's rows, TensorFlow Lite Micro, and the record."""
    for task in tasks:
        for row in rows:
            if row.task != task.name:
                continue
            limits = f", at most {task.flash_limit:,} of flash" if row.limited else ""
            yield (
                task.name,
                f"{row.engine}{limits}",
                f"{row.instructions:,}",
                f"{row.cycles_estimate:,}",
                f"{row.flash_bytes:,}",
                f"{row.ram_bytes:,}",
                verdict(row.equal, row.inputs),
            )
        by_hand = task.tflm
        yield (
            task.name,
            "TensorFlow Lite Micro + CMSIS-NN, -O3 (quoted)",
            *(f"{figure:,}" for figure in (by_hand.instructions, by_hand.cycles_estimate)),
            *(f"{figure:,}" for figure in (by_hand.flash_bytes, by_hand.ram_bytes)),
            "",
        )
        record = task.record
        yield (
            task.name,
            f"{record.system}, round {record.round}, on silicon (quoted)",
            "",
            f"{record.cycles:,}",
            "",
            "",
            "",
        )
