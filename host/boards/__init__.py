"""What a board looks like to the host, and opening the one that an image was built for."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from contract.boards import board as read_board
from contract.errors import UserError
from contract.files import sha256_of
from contract.firmware import FILE_NAME, Firmware


class Board(Protocol):
    """A running board and the line to it."""

    @property
    def name(self) -> str:
        """What messages call it: a port's path, or the emulator."""

    def fileno(self) -> int:
        """The descriptor of the line."""

    def why_lost(self) -> str:
        """What happened when the line ended, and what to do next."""

    def why_silent(self) -> str:
        """The likely cause when the board does not answer, and what to do next."""


def open_board(firmware: Firmware, folder: Path, port: str | None) -> AbstractContextManager[Board]:
    """Open the board for the image in `folder`: the port if one is named, else what the image was built for.

    UserError where the set-up is incomplete, BoardError where the port cannot be opened.
    """
    from host.boards.emulator import emulator
    from host.boards.hardware import hardware
    from host.boards.native import native
    from host.ports import list_ports, pick

    if port is not None:
        return hardware(port)
    board = read_board(firmware.board)
    if board.emulator is not None:
        return emulator(built_image(firmware, folder), firmware.link, board.emulator.machine)
    if not board.usb:
        return native(built_image(firmware, folder))
    if firmware.link == "uart":
        raise UserError(
            f"{folder} was built with LINK=uart; name the adapter's port with --port (make: PORT=)"
        )
    return hardware(pick(list_ports()).path)


def built_image(firmware: Firmware, folder: Path) -> Path:
    """The image to start or to flash. UserError where it is missing or not the one of firmware.json."""
    path = folder / firmware.image
    if not path.is_file():
        raise UserError(f"there is no {path}; make firmware builds it")
    if sha256_of(path) != firmware.image_sha256:
        raise UserError(f"{path} was built again since {FILE_NAME} was written; run make firmware again")
    return path
