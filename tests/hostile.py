"""Runs a command on a file that means harm, and measures what the answer costs."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MOST_SECONDS = 5.0  # of processor time, since others share the machine
MOST_MEGABYTES = 150  # Python, NumPy, the stage, and a few times the files of these tests
MOST_CHARACTERS = 700

# Runs a stage in which some packages cannot be imported, and says at the end what that took.
WRAPPER = """
import resource, runpy, sys
report, without, stage, *sys.argv[1:] = sys.argv[1:]
sys.argv[0] = stage
sys.modules.update({name: None for name in without.split()})
try:
    runpy.run_module(stage, run_name="__main__", alter_sys=True)
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(used.ru_utime + used.ru_stime, int(peak) / 1000, file=open(report, "w"))
"""


@dataclass(frozen=True)
class Reply:
    """How a command ended."""

    code: int
    said: str  # on standard error
    printed: str
    seconds: float  # of processor time
    megabytes: float  # at most, resident


def run(arguments: Sequence[object], without: Sequence[str] = ("tensorflow",), **how: Any) -> Reply:
    """`python -m <arguments>`, in which the packages `without` cannot be imported."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        command = [sys.executable, "-c", WRAPPER, str(report), " ".join(without), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, **how,
        )  # fmt: skip
        seconds, megabytes = map(float, report.read_text().split())
    return Reply(done.returncode, done.stderr, done.stdout, seconds, megabytes)


def refused(arguments: Sequence[object], **how: Any) -> str:
    """What a command says that ends with exit code 2: one short line, soon and with little memory."""
    reply = run(arguments, **how)
    assert reply.code == 2, f"{reply.code}: {reply.said}{reply.printed}"
    lines = [line for line in reply.said.splitlines() if line]  # a progress bar leaves an empty one
    assert len(lines) == 1, reply.said
    assert lines[0].startswith("error: ")
    assert lines[0].isprintable()
    assert len(lines[0]) < MOST_CHARACTERS, f"{len(lines[0])} characters"
    assert reply.seconds < MOST_SECONDS
    assert reply.megabytes < MOST_MEGABYTES
    return lines[0].removeprefix("error: ")


def accepted(arguments: Sequence[object], code: int = 0, **how: Any) -> Reply:
    """How a command went that took the file, soon and with little memory."""
    reply = run(arguments, **how)
    assert reply.code == code, reply.said
    assert reply.seconds < MOST_SECONDS
    assert reply.megabytes < MOST_MEGABYTES
    return reply
