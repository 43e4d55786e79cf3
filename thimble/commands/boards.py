"""thimble boards: what images can be built for."""

import argparse
import dataclasses
import json

from contract.boards import boards


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="thimble boards", description="List the boards that images can be built for."
    )
    parser.add_argument("--json", action="store_true", help="everything that is known, for a script")
    options = parser.parse_args(argv)
    found = boards()
    if options.json:
        print(json.dumps([dataclasses.asdict(board) for board in found.values()], indent=2))
        return 0
    for board in found.values():
        memories = (
            f"{board.flash_bytes:,} B flash, {board.ram_bytes:,} B RAM"
            if board.flash_bytes is not None and board.ram_bytes is not None
            else "this machine"
        )
        print(f"{board.name:<12} {board.title}; {memories}; lines {' '.join(board.lines)}")
    return 0
