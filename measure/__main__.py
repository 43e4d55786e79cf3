"""python -m measure: what one image costs."""

import argparse
from pathlib import Path

from contract.cli import program, run


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program("measure"),
        description="Measure flash, RAM, stack and instructions of an image on the emulated board, hold its "
        "answers against the reference, and write firmware.json beside it.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="what make -C firmware built, in its OUT")
    parser.add_argument("--board", required=True, help="what the image runs on: a folder of firmware/boards")
    parser.add_argument("--engine", default="aot", help="the engine in the image (default: aot)")
    parser.add_argument("--link", help="the board's line (default: the first in board.json)")
    return parser


def main(argv: list[str]) -> int:
    options = arguments().parse_args(argv)

    from measure.stage import measure

    made = measure(options.folder, options.board, options.engine, options.link)
    if made.instructions is None:
        print(f"{made.image}: {made.image_flash_bytes:,} bytes of code and constants")
    else:
        print(
            f"flash {made.flash_bytes:,} B (model {made.model_bytes:,} B)   RAM {made.ram_bytes:,} B "
            f"(stack {made.stack_bytes:,} B)   {made.instructions:,} instructions an inference"
        )
    return 0


if __name__ == "__main__":
    run(main)
