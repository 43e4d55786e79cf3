"""firmware.json: one image for one board and one engine, and what it costs."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from contract.errors import UserError
from contract.files import write_text

FILE_NAME = "firmware.json"

# What the Arduino core leaves to a sketch on the Nano 33 BLE (boards.txt: upload.maximum_size and
# upload.maximum_data_size). firmware/boards/nano33ble/board_memory.h says the same to the compiler.
NANO33BLE_FLASH_BYTES = 983_040
NANO33BLE_RAM_BYTES = 262_144


@dataclass(frozen=True)
class Firmware:
    """One built image. Sizes are bytes.

    `flash_bytes`, `ram_bytes`, `stack_bytes` and `instructions` come from the bare image (start-up, engine,
    model, a loop over inputs; no protocol) on the emulated Cortex-M4F, the one ruler for every engine. They
    are None for a board that has no such figure (native).
    """

    board: str  # qemu, native, nano33ble
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
        write_text(folder / FILE_NAME, json.dumps(dataclasses.asdict(self), indent=2) + "\n")


def read_firmware(folder: Path) -> Firmware:
    """Read `folder`/firmware.json. UserError where it is missing or damaged."""
    path = folder / FILE_NAME
    try:
        return Firmware(**json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; make firmware writes it") from error
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error}); run make firmware again") from error
