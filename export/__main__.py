"""python -m export: a generated model as a library for your own application."""

import argparse
from pathlib import Path

from contract.cli import program, run

KINDS = ("arduino", "platformio", "cmake", "zephyr")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program("export"),
        description="Write a generated model, with exactly the kernels that it uses, as a library for your "
        "own application.",
        epilog="An exported library at --out is replaced, unless a file of it was changed; other files stay.",
    )
    parser.add_argument(
        "--generated",
        type=Path,
        required=True,
        metavar="DIR",
        help="what python -m codegen --name NAME wrote",
    )
    parser.add_argument(
        "--manifest", type=Path, required=True, metavar="FILE", help="manifest.json, by python -m quantize"
    )
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="FILE",
        help="reference.npz beside it, from which the self-test has its bytes (without it there is none)",
    )
    parser.add_argument(
        "--measured",
        type=Path,
        nargs="*",
        default=[],
        metavar="DIR",
        help="folders with firmware.json, by python -m measure, whose figures the README states",
    )
    parser.add_argument(
        "--as",
        dest="packages",
        nargs="+",
        choices=KINDS,
        default=list(KINDS),
        help="what the library is described for (default: all)",
    )
    parser.add_argument(
        "--version", default="1.0.0", help="of the library, for its descriptions (default: 1.0.0)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the library goes")
    return parser


def main(argv: list[str]) -> int:
    options = arguments().parse_args(argv)

    from export.stage import export

    print(
        export(
            options.generated,
            options.manifest,
            options.reference,
            options.measured,
            list(dict.fromkeys(options.packages)),
            options.version,
            options.out,
        )
    )
    return 0


if __name__ == "__main__":
    run(main)
