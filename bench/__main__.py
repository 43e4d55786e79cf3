"""python -m bench: engines and compile options side by side, on the emulated board."""

import argparse
from pathlib import Path

from contract.cli import positive, program, run

TABLE_COLUMNS = 150  # what the tables need, where the terminal says less or there is none


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program("bench"),
        description="Compare flash, RAM and instructions of engines, on the emulated Cortex-M4F.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    every = commands.add_parser("compare", help="build and measure every engine and option (make bench)")
    every.add_argument(
        "folder", type=Path, metavar="DIR", help="holds model.tflite, manifest.json and reference.npz"
    )
    every.add_argument(
        "--no-baselines", dest="baselines", action="store_false", help="this project's engine alone"
    )
    every.add_argument("--inputs", type=int, metavar="N", help="the first N of the reference (default: all)")
    every.set_defaults(command=compare)

    proof = commands.add_parser("proof", help="run networks on every emulated core (make proof)")
    proof.add_argument("folder", type=Path, metavar="OUT", help="where to build, and to write proof.json")
    proof.add_argument(
        "--networks", type=Path, metavar="DIR", help="int8 flatbuffers beside MLPerf Tiny's architectures"
    )
    proof.add_argument("--inputs", type=int, metavar="N", default=1000, help="random ones (default: 1000)")
    proof.set_defaults(command=prove)

    mlperf = commands.add_parser("mlperf", help="the reference networks of MLPerf Tiny (make bench-mlperf)")
    mlperf.add_argument("folder", type=Path, metavar="OUT", help="where to build, and to write mlperf.json")
    mlperf.add_argument(
        "--models", type=Path, metavar="DIR", required=True, help="holds the four flatbuffers, under any name"
    )
    mlperf.add_argument(
        "--inputs", type=positive, metavar="N", default=1000, help="random ones (default: 1000)"
    )
    mlperf.set_defaults(command=measure_mlperf)

    tables = commands.add_parser("tables", help="write the tables of README.md and docs/")
    tables.add_argument(
        "--results",
        type=Path,
        metavar="DIR",
        help="take what make bench or make proof measured there into bench/results first",
    )
    tables.set_defaults(command=write_tables)

    update = commands.add_parser("update", help="write bench/committed.json, which tests compare with")
    update.set_defaults(command=update_committed)
    return parser


def main(argv: list[str]) -> int:
    options = arguments().parse_args(argv)
    code: int = options.command(options)
    return code


def compare(options: argparse.Namespace) -> int:
    from rich.console import Console

    from bench.compare import compare
    from bench.cores import compare_cores
    from bench.quoted import quoted
    from bench.table import show, show_cores
    from contract.flatbuffer import read_model

    console = Console()
    with console.status("reading the model") as status:
        comparison = compare(options.folder, options.inputs, options.baselines, status.update)
        cores = compare_cores(options.folder, status.update)
    model = read_model(options.folder / "model.tflite")
    wide = Console(width=max(console.width, TABLE_COLUMNS))
    show(comparison, quoted(model), wide)
    show_cores(cores, wide)
    exact = [row.bit_exact for row in comparison.rows] + [row.bit_exact for row in cores]
    return 0 if all(exact) else 1


def prove(options: argparse.Namespace) -> int:
    import os

    from rich.console import Console

    from bench import mlperf_tiny
    from bench.proof import FILE_NAME, ProofRow, prove, read_network
    from bench.table import show_proof
    from contract.boards import boards
    from contract.documents import write_document
    from contract.errors import UserError
    from contract.files import write_bytes

    given = [] if options.networks is None else sorted(options.networks.glob("*.tflite"))
    if options.networks is not None and not given:
        raise UserError(f"{options.networks} holds no .tflite file")
    emulated = [board for board in boards().values() if board.emulator is not None]
    console = Console()
    rows: list[ProofRow] = []
    with console.status("quantise MLPerf Tiny's architectures") as status:
        paths = []
        for name in mlperf_tiny.ARCHITECTURES:
            paths.append(options.folder / "networks" / f"{name}.tflite")
            write_bytes(paths[-1], mlperf_tiny.flatbuffer(name))
        for path in [*paths, *given]:
            status.update(f"{path.stem}: the reference")
            network = read_network(path, options.inputs)
            rows += prove([network], emulated, options.folder, status.update, os.cpu_count() or 1)
            console.print(
                f"{path.stem}: {sum(row.equal for row in rows if row.network == path.stem):,} equal"
            )
    write_document(options.folder / FILE_NAME, rows)
    show_proof(rows, Console(width=max(console.width, TABLE_COLUMNS)))
    return 0 if all(row.equal == row.inputs for row in rows) else 1


def measure_mlperf(options: argparse.Namespace) -> int:
    from rich.console import Console

    from bench.mlperf import FILE_NAME, MlperfRow, find, measure, tasks
    from bench.table import show_mlperf
    from contract.documents import write_document

    networks = find(options.models)
    console = Console()
    rows: list[MlperfRow] = []
    with console.status("reading the networks") as status:
        for row in measure(networks, options.folder, options.inputs, status.update):
            rows.append(row)
            console.print(f"{row.task} {row.engine}: {row.equal:,} of {row.inputs:,} equal")
    write_document(options.folder / FILE_NAME, rows)
    show_mlperf(rows, tasks(), Console(width=max(console.width, TABLE_COLUMNS)))
    return 0 if all(row.equal == row.inputs for row in rows) else 1


def write_tables(options: argparse.Namespace) -> int:
    import shutil

    from bench import cores, mlperf, proof
    from bench.markdown import PAGES, RESULTS, update_pages
    from contract.bench import FILE_NAME
    from contract.errors import UserError

    if options.results is not None:
        RESULTS.mkdir(exist_ok=True)
        names = (FILE_NAME, cores.FILE_NAME, proof.FILE_NAME, mlperf.FILE_NAME)
        found = [options.results / name for name in names if (options.results / name).is_file()]
        if not found:
            raise UserError(f"{options.results} holds none of {', '.join(names)}; make bench writes them")
        for path in found:
            shutil.copy(path, RESULTS / path.name)
    update_pages()
    print("wrote " + ", ".join(page.name for page in PAGES))
    return 0


def update_committed(_: argparse.Namespace) -> int:
    import tempfile

    from bench import committed

    with tempfile.TemporaryDirectory() as work:
        now = committed.measured(Path(work))
    committed.write(now)
    for engine, figures in now.items():
        print(engine, ", ".join(f"{name} {value:,}" for name, value in figures.items()))
    print(f"wrote {committed.PATH}")
    return 0


if __name__ == "__main__":
    run(main)
