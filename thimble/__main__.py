"""thimble: one command over all stages."""

import signal
import sys
from types import FrameType
from typing import NoReturn

from contract.cli import run
from thimble.commands import main


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def entry() -> NoReturn:
    """The console script."""
    for number in (
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # by an exception, so that an emulator is stopped on the way
        signal.signal(number, _leave)
    run(main)


if __name__ == "__main__":
    entry()
