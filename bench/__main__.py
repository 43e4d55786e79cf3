"""python -m bench: engines and compile options side by side, on the emulated board."""

import argparse
from pathlib import Path

from contract.cli import run

TABLE_COLUMNS = 120  # what the tables need, where the terminal says less or there is none


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
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

    tables = commands.add_parser("tables", help="write the tables of README.md and docs/performance.md")
    tables.add_argument(
        "--results",
        type=Path,
        metavar="DIR",
        help="take what make bench measured there into bench/results first",
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
    from contract.files import sha256_of

    console = Console()
    with console.status("reading the model") as status:
        comparison = compare(options.folder, options.inputs, options.baselines, status.update)
        cores = compare_cores(options.folder, status.update)
    wide = Console(width=max(console.width, TABLE_COLUMNS))
    show(comparison, quoted(sha256_of(options.folder / "model.tflite")), wide)
    show_cores(cores, wide)
    exact = [row.bit_exact for row in comparison.rows] + [row.bit_exact for row in cores]
    return 0 if all(exact) else 1


def write_tables(options: argparse.Namespace) -> int:
    import shutil

    from bench.markdown import PAGES, RESULTS, update_pages
    from contract.bench import FILE_NAME

    if options.results is not None:
        RESULTS.mkdir(exist_ok=True)
        for name in (FILE_NAME, "cores.json"):
            shutil.copy(options.results / name, RESULTS / name)
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
