"""firmware.json: one image for one board and one engine, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contract.boards import board
from contract.documents import read_document, write_document
from contract.errors import UserError

FILE_NAME = "firmware.json"


@dataclass(frozen=True)
class Firmware:
    """One built image. Sizes are bytes.

    `flash_bytes`, `ram_bytes`, `stack_bytes` and `instructions` come from the bare image (start-up, engine,
    model, a loop over inputs; no protocol) on the same emulated board; they are the same measure for every
    engine. They are None for a board that is not emulated.
    """

    board: str  # a folder of firmware/boards
    engine: str  # aot, tflm
    link: str  # semihosting, uart, pty, usb
    image: str  # file name of the image, beside this file
    image_sha256: str
    image_flash_bytes: int  # of the whole image with protocol and board: text + data
    image_ram_bytes: int  # data + bss of the whole image, without stack
    flash_bytes: int | None  # text + data of the bare image, less the test inputs
    model_bytes: int | None  # of flash_bytes: weights, biases and other constants of the model
    ram_bytes: int | None  # data + bss of the bare image, plus stack_bytes
    stack_bytes: int | None  # peak stack of an inference
    instructions: int | None  # executed an inference
    compiler: str  # first line of its --version
    options: str  # the flags the image was compiled with
    sha256: str  # of the flatbuffer

    def write(self, folder: Path) -> None:
        write_document(folder / FILE_NAME, self)


def read_firmware(folder: Path) -> Firmware:
    """Read `folder`/firmware.json. UserError where it is missing or damaged."""
    return read_document(folder / FILE_NAME, Firmware, "make firmware")


# What an inference costs, by the core it was counted on.
Costs = tuple[tuple[str, Firmware], ...]


def read_costs(folders: Sequence[Path], sha256: str) -> Costs:
    """What firmware.json says in each of `folders`, with the core of its board. UserError where one is not a
    measured image of the flatbuffer with this SHA-256."""
    found = []
    for folder in folders:
        one = read_firmware(folder)
        if one.sha256 != sha256 or one.instructions is None:
            raise UserError(
                f"{folder} is no measured image of this flatbuffer; build it for an emulated board"
            )
        found.append((board(one.board).core, one))
    return tuple(found)
