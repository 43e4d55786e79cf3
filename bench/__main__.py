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
    from bench.table import show
    from contract.flatbuffer import read_model
    from contract.macs import multiply_accumulates

    console = Console()
    with console.status("reading the model") as status:
        comparison = compare(options.folder, options.inputs, options.baselines, status.update)
    wide = Console(width=max(console.width, TABLE_COLUMNS))
    show(comparison, multiply_accumulates(read_model(options.folder / "model.tflite")), wide)
    return 0 if all(row.bit_exact for row in comparison.rows) else 1


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
