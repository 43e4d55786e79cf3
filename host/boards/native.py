"""The firmware as a process of this machine, with a pty as its line."""

import re
from contextlib import AbstractContextManager
from pathlib import Path

from contract.errors import UserError
from host.boards.process import ProcessBoard, running

ANNOUNCEMENT = re.compile(rb"^port: (\S+)$", re.MULTILINE)


def native(image: Path) -> AbstractContextManager[ProcessBoard]:
    """Run the executable `image`. UserError where there is none."""
    if not image.is_file():
        raise UserError(f"there is no {image}; make firmware builds it")
    return running("the native board", [str(image.resolve())], ANNOUNCEMENT)
