"""Serial ports: which there are, which one is the board, and opening one."""

import errno
import grp
import json
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from contract.boards import boards
from contract.errors import UserError
from host.errors import BoardError

if TYPE_CHECKING:
    from serial import Serial

# USB CDC ignores the rate; a UART adapter needs it. 1200 would send an Arduino into its bootloader.
BAUD = 115200


@dataclass(frozen=True)
class KnownBoard:
    board: str  # the name that the firmware gives itself
    title: str
    in_bootloader: bool


@cache
def known_boards() -> dict[tuple[int, int], KnownBoard]:
    """By vendor and product: every USB id that a board.json states."""
    return {
        usb.pair: KnownBoard(
            board.name, board.title + (", in its bootloader" if usb.in_bootloader else ""), usb.in_bootloader
        )
        for board in boards().values()
        for usb in board.usb
    }


@dataclass(frozen=True)
class PortInfo:
    path: str
    usb_id: tuple[int, int] | None  # vendor, product; None for a port that is not USB
    description: str  # what the operating system calls it

    @property
    def known(self) -> KnownBoard | None:
        return known_boards().get(self.usb_id) if self.usb_id else None


def list_ports() -> list[PortInfo]:
    """The serial ports of this machine, known boards first, then by path."""
    from serial.tools import list_ports as pyserial

    ports = []
    for port in pyserial.comports():
        usb_id = (port.vid, port.pid) if port.vid is not None and port.pid is not None else None
        description = "" if port.description in (None, "n/a") else str(port.description)
        ports.append(PortInfo(port.device, usb_id, description))
    return sorted(ports, key=lambda port: (port.known is None, port.path))


def pick(ports: list[PortInfo]) -> PortInfo:
    """The port of the one known board that is plugged in and running.

    BoardError where there is none; UserError where there are several, as only the user can tell which.
    """
    running = [port for port in ports if port.known and not port.known.in_bootloader]
    if len(running) == 1:
        return running[0]
    if running:
        paths = ", ".join(port.path for port in running)
        raise UserError(f"{len(running)} boards are plugged in ({paths}); say which with --port")
    for port in ports:
        if port.known:
            raise BoardError(
                f"the board at {port.path} is in its bootloader and runs no firmware; "
                "flash it, or press its reset button once"
            )
    raise BoardError(
        "no board found: none of the serial ports has the USB id of a board known here; plug it in with a "
        "cable that carries data, or name its port with --port (python -m host ports lists them)"
    )


def open_port(path: str) -> "Serial":
    """Open the serial port or pty at `path`, raw and for us alone. BoardError says why that failed."""
    import termios

    import serial

    try:
        return serial.Serial(path, BAUD, timeout=0, write_timeout=0, exclusive=True)
    except (OSError, ValueError, termios.error) as error:  # pyserial's own exception is an OSError
        raise BoardError(_why_not_open(path, error)) from error


def _why_not_open(path: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return f"there is no port {path}; plug the board in and look at python -m host ports"
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"no permission to open {path}; add yourself to the group {_group(path)} "
            f"(sudo usermod -aG {_group(path)} $USER), log out and in again"
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        return (
            f"port {path} is busy: another program has it open, perhaps a serial monitor; "
            f"close it (fuser -v {path} names it) and try again"
        )
    return f"cannot open {path} as a serial port ({error}); look at python -m host ports"


def _group(path: str) -> str:
    """The group that may use the port: dialout on Debian, uucp on Arch, and so on."""
    try:
        return grp.getgrgid(os.stat(path).st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"


def discard_unsent(port: "Serial") -> None:
    """Drop what the other end has not taken, as closing a port would wait up to 30 s for it to go."""
    import termios

    try:
        port.reset_output_buffer()
    except (OSError, termios.error):
        return  # the line is gone, and what was unsent with it


def listing(ports: list[PortInfo]) -> str:
    """A line for each port, an arrow at the one that `pick` takes, and what to do where it takes none."""
    try:
        picked, advice = pick(ports), ""
    except UserError as error:
        picked, advice = None, str(error)
    rows = [
        (
            "->" if port is picked else "  ",
            port.path,
            "{:04x}:{:04x}".format(*port.usb_id) if port.usb_id else "-",
            port.known.title if port.known else port.description,
        )
        for port in ports
    ]
    path_width = max((len(path) for _, path, _, _ in rows), default=0)
    lines = [f"{mark} {path:{path_width}}  {usb:9}  {title}".rstrip() for mark, path, usb, title in rows]
    return "\n".join(lines + ([advice] if advice else []))


def listing_json(ports: list[PortInfo]) -> str:
    """The ports for a script: path, and the board that is known by its USB id."""
    rows = [
        {
            "path": port.path,
            "board": port.known.title if port.known else None,
            "in_bootloader": bool(port.known and port.known.in_bootloader),
        }
        for port in ports
    ]
    return json.dumps(rows, indent=2)
