"""firmware.json: what one image costs, written beside it."""

from pathlib import Path

from contract.boards import Board
from contract.boards import board as read_board
from contract.errors import UserError
from contract.files import sha256_of
from contract.firmware import Firmware
from contract.manifest import read_manifest
from contract.reference import read_reference
from measure.figures import Figures, equal_outputs, figures
from measure.image import sizes
from measure.sketch import sketch_sizes

INPUTS = 200  # of the reference at most: a second or less in the emulator
DIFFERS = 1  # exit code where the image computes something else than the reference


def measure(folder: Path, board: str, engine: str, link: str | None, with_bare: bool = True) -> Firmware:
    """Measure the image in `folder` and write firmware.json beside it. `link`: the board's first line if
    None. Without `with_bare` the figures that come from the bare image are left out, and nothing is run.

    `folder` is the OUT of `make -C firmware`: firmware.elf, build.txt and, where the board is emulated,
    bare.elf and bare.map. Its parent holds manifest.json and reference.npz. Other boards have no bare image:
    their figures of flash, RAM, stack and instructions are None. UserError where the sketch does not fit its
    board, and (exit code 1) where outputs differ.
    """
    image = folder / "firmware.elf"
    if not image.is_file():
        raise UserError(f"there is no {image}; make firmware builds it")
    target = read_board(board)
    compiler, options = _read_build(folder / "build.txt")
    whole = sketch_sizes(image, target) if target.usb else sizes(image, native=target.emulator is None)
    bare = _checked_figures(folder, target) if target.emulator is not None and with_bare else None
    firmware = Firmware(
        board=target.name,
        engine=engine,
        link=_line(target, link),
        image=image.name,
        image_sha256=sha256_of(image),
        image_flash_bytes=whole.flash,
        image_ram_bytes=whole.ram,
        flash_bytes=bare.flash_bytes if bare else None,
        model_bytes=bare.model_bytes if bare else None,
        ram_bytes=bare.ram_bytes if bare else None,
        stack_bytes=bare.stack_bytes if bare else None,
        instructions=bare.instructions if bare else None,
        compiler=compiler,
        options=options,
        sha256=read_manifest(folder.parent / "manifest.json").sha256,
    )
    firmware.write(folder)
    return firmware


def _line(board: Board, link: str | None) -> str:
    """The board's line; its first one where none is asked for."""
    if link is not None and link not in board.lines:
        raise UserError(f"{board.name} has no line {link}; it has {', '.join(board.lines)}")
    return link or board.lines[0]


def _checked_figures(folder: Path, board: Board) -> Figures:
    reference = read_reference(folder.parent / "reference.npz")
    bare = figures(folder, reference.inputs[:INPUTS], board)
    images = len(bare.outputs)
    equal = equal_outputs(bare.outputs, reference.outputs[:images])
    if equal != images:
        raise UserError(
            f"{folder / 'bare.elf'} gives other outputs than the reference for {images - equal} of {images} "
            f"inputs; is {folder} built from {folder.parent / 'model.tflite'}? If it is, the engine is wrong",
            DIFFERS,
        )
    return bare


def _read_build(path: Path) -> tuple[str, str]:
    """The compiler and its flags, the first two lines of what the firmware's Makefile writes."""
    try:
        compiler, options = path.read_text(encoding="utf-8").splitlines()[:2]
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {path}; make -C firmware writes it") from error
    return compiler, options
