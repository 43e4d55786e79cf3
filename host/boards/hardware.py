"""A board at a serial port."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from serial import Serial

from host.ports import discard_unsent, open_port


@dataclass(frozen=True)
class SerialBoard:
    name: str  # the port's path
    serial: Serial

    def fileno(self) -> int:
        return int(self.serial.fileno())

    def why_lost(self) -> str:
        return f"{self.name} went away: the board was unplugged or reset; check the cable and start again"

    def why_silent(self) -> str:
        return (
            f"nothing of ours answers at {self.name}; check with python -m host ports that it is the right "
            "port, press the board's reset button, or flash the firmware again"
        )


@contextmanager
def hardware(path: str) -> Iterator[SerialBoard]:
    """Open the port at `path`; close it at the end, whatever happens."""
    with open_port(path) as serial:
        try:
            yield SerialBoard(path, serial)
        finally:
            discard_unsent(serial)
