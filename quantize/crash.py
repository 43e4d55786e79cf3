"""The heavy part of this stage in a process of its own: what TensorFlow crashes on is said in one line.

Its C++ code ends the process that it runs in on some models, with a signal and no exception, while its
output is captured. So the command starts itself again, and tells what became of it.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from contract.errors import UserError
from quantize.capture import LOG

LINES = 3  # of what was captured last, for the message


def is_inner() -> bool:
    """Whether this process is the one that does the work."""
    return LOG in os.environ


def run_inner(arguments: Sequence[str]) -> int:
    """Run `python -m quantize` with `arguments` in a process of its own; its exit code. UserError where a
    signal ended it."""
    with tempfile.TemporaryDirectory(prefix="thimble-quantize-") as folder:
        log = Path(folder) / "captured.txt"
        # Not by -m, which would look for modules among the user's files first.
        package = str(__package__)
        root = Path(__file__).parents[package.count(".") + 1]
        start = f"import runpy, sys; sys.path[0] = {str(root)!r}; "
        start += f"runpy.run_module({package!r}, run_name='__main__')"
        command = [sys.executable, "-c", start, *arguments]
        process = subprocess.Popen(command, env=os.environ | {LOG: str(log)}, stdout=_descriptor(sys.stdout))
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code >= 0:
            return code
        if -code in (signal.SIGINT, signal.SIGTERM):
            return 128 - code
        raise UserError(crash_text(-code, log.read_text("utf-8", "replace") if log.exists() else ""))


def _descriptor(stream: TextIO) -> int | None:
    """Where a process that is started writes what would go to `stream`; None where that is no file."""
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


def crash_text(number: int, captured: str) -> str:
    """What to say about a process that the signal `number` ended, and about what it printed last."""
    if number == signal.SIGKILL:
        return (
            "quantising was killed, most likely since memory ran out; close other programs or give less data"
        )
    said = " | ".join([line.strip() for line in captured.splitlines() if line.strip()][-LINES:])
    return (
        f"TensorFlow crashed on this model ({signal.Signals(number).name}), most likely in its converter. "
        "What it does not quantise are loops (tf.while_loop, layers that go over time by themselves) and "
        "layers that change their shape from input to input: take them out, or convert the model yourself "
        "and give TFLITE=" + (f". It said last: {said}" if said else "")
    )
