"""The firmware as a process of this machine, with a pty as its line."""

import re
from contextlib import AbstractContextManager
from pathlib import Path

from host.boards.process import ProcessBoard, running

ANNOUNCEMENT = re.compile(rb"^port: (\S+)$", re.MULTILINE)


def native(image: Path) -> AbstractContextManager[ProcessBoard]:
    """Run the executable `image`. UserError where it cannot be started."""
    return running("the native board", [str(image.resolve())], ANNOUNCEMENT)
