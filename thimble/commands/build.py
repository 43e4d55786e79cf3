"""thimble build: the image of a model for one board, generated, compiled and measured."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import thimble
from codegen.aot.goals import GOALS
from contract.boards import DEFAULT, FOLDER, Board, board
from contract.cli import positive
from contract.errors import UserError
from contract.firmware import Firmware
from thimble.workspace import Workspace

FIRMWARE = FOLDER.parent


@dataclass(frozen=True)
class Tuning:
    """What the generated code is made for."""

    goal: str = "speed"
    flash_limit: int | None = None
    ram_limit: int | None = None

    @property
    def suffix(self) -> str:
        """What the names of folders have, so that no variant uses another's files."""
        goal = "" if self.goal == "speed" else f"-{self.goal}"
        flash = "" if self.flash_limit is None else f"-f{self.flash_limit}"
        return goal + flash + ("" if self.ram_limit is None else f"-r{self.ram_limit}")

    @property
    def arguments(self) -> list[str]:
        """The options of codegen."""
        limits = (("--flash-limit", self.flash_limit), ("--ram-limit", self.ram_limit))
        given = [word for option, value in limits if value is not None for word in (option, str(value))]
        return ["--optimize", self.goal, *given]


def add_tuning(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--optimize", choices=tuple(GOALS), default="speed", help="what the code is made for (default: speed)"
    )
    parser.add_argument(
        "--flash-limit", type=positive, metavar="BYTES", help="of constants (default: what the board has)"
    )
    parser.add_argument(
        "--ram-limit", type=positive, metavar="BYTES", help="of activations (default: what the board has)"
    )


def tuning_of(options: argparse.Namespace) -> Tuning:
    return Tuning(options.optimize, options.flash_limit, options.ram_limit)


# What an image is for besides validation: the options of codegen, and of the compiler.
INSPECT, UNFUSED, TRACED = "inspect", "unfused", "traced"
FORMS = {
    "": ([], "-O2"),
    INSPECT: (["--inspect"], "-O2"),
    UNFUSED: (["--inspect", "--unfused"], "-O2"),
    TRACED: ([], "-O2 -g"),
}


def built(
    workspace: Workspace, target: Board, tuning: Tuning, form: str = "", link: str | None = None
) -> tuple[Path, Firmware]:
    """Generate, compile and measure the image for `target` in the workspace: its folder, and its costs. Those
    of an image that is to be inspected are not measured. `form` is one of FORMS."""
    from codegen.__main__ import main as codegen
    from measure.stage import measure

    suffix = tuning.suffix + (f"-{form}" if form else "")
    generated, image = workspace.generated(suffix), workspace.image(target, suffix)
    options, level = FORMS[form]
    with redirect_stdout(StringIO() if form else sys.stdout):  # the summary was printed for the image without
        codegen(
            [
                *("--tflite", str(workspace.flatbuffer), "--manifest", str(workspace.manifest)),
                *("--board", target.name, *tuning.arguments, *options, "--out", str(generated)),
            ]
        )
    print(f"build    {image}", file=sys.stderr, flush=True)  # some seconds
    _make(target, generated, image, level, link)
    firmware = measure(image, target.name, "aot", link, with_bare=form in ("", TRACED))
    if form:
        return image, firmware
    if firmware.instructions is not None:
        print(
            f"image    flash {firmware.flash_bytes:,} B, RAM {firmware.ram_bytes:,} B, "
            f"{firmware.instructions:,} instructions an inference"
        )
    return image, firmware


def _make(target: Board, generated: Path, image: Path, level: str, link: str | None) -> None:
    if shutil.which("make") is None:
        raise UserError("make is not installed; thimble doctor says what is missing for what")
    image.mkdir(parents=True, exist_ok=True)
    with _plain(generated.resolve(), image.resolve(), Path(sys.executable)) as (c, out, python):
        command = [
            *("make", "--no-print-directory", "-C", str(FIRMWARE), f"BOARD={target.name}"),
            *("ENGINE=aot", f"OPT={level}", f"GENERATED={c}", f"OUT={out}", f"PYTHON={python}"),
            *([] if link is None else [f"LINK={link}"]),
            *("all", *(["bare"] if target.emulator else [])),
        ]
        # The firmware's Makefile asks contract.boards, which needs nothing but the standard library.
        environment = os.environ | {"PYTHONPATH": str(Path(thimble.__file__).parent.parent)}
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=environment
        )
    if done.returncode:
        raise UserError(f"the image for {target.name} was not built: {_said(done.stdout)}")


def _said(printed: str) -> str:
    """What make or a compiler said of an error, and the lines that go with it."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()] or ["no message"]
    telling = [place for place, line in enumerate(lines) if "***" in line or "error" in line.lower()]
    start = telling[0] if telling else len(lines) - 1
    text = " ".join(line for line in lines[start : start + 6] if not line.startswith("make"))
    return (text or lines[start].partition("*** ")[2]).removeprefix("error: ").removesuffix(" Stop.")


@contextmanager
def _plain(*paths: Path) -> Iterator[list[Path]]:
    """The paths, through links where make or its shell could not take one of them as it is."""
    if not any(re.search(r"[^\w./+-]", str(path), re.ASCII) for path in paths):
        yield list(paths)
        return
    with tempfile.TemporaryDirectory(prefix="thimble-") as folder:
        links = [Path(folder) / str(number) for number in range(len(paths))]
        for link, path in zip(links, paths, strict=True):
            link.symlink_to(path)
        yield links


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="thimble build",
        description="Generate, compile and measure the image of a model that thimble tflite or deploy has "
        "put into a folder.",
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="holds model.tflite, manifest.json, reference.npz"
    )
    parser.add_argument("--board", default=DEFAULT, help=f"what the image is for (default: {DEFAULT})")
    parser.add_argument("--link", help="the board's line (default: its first)")
    add_tuning(parser)
    options = parser.parse_args(argv)
    image, _ = built(Workspace(options.folder), board(options.board), tuning_of(options), link=options.link)
    print(f"written  {image}")
    return 0
