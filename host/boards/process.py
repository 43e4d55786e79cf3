"""A board that is a process on this machine: started, found by the pty that it announces, stopped."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from contract.errors import UserError
from host.boards.hardware import hardware
from host.errors import BoardError

START_SECONDS = 10.0  # until the process has said where its pty is
STOP_SECONDS = 2.0  # until a process that was asked to end is killed
POLL_SECONDS = 0.005
MAX_OUTPUT = 400  # characters of the process's own words in a message


@dataclass(frozen=True)
class ProcessBoard:
    name: str
    descriptor: int
    process: "subprocess.Popen[bytes]"
    output: IO[bytes]  # everything the process printed
    announcement: re.Pattern[bytes]

    def fileno(self) -> int:
        return self.descriptor

    def why_lost(self) -> str:
        try:
            self.process.wait(STOP_SECONDS)  # the pty closes a moment before the process has ended
        except subprocess.TimeoutExpired:
            return f"{self.name} closed its line but still runs; build the firmware again"
        return f"{_ended(self.name, self.process.returncode, self.output, self.announcement)}; start again"

    def why_silent(self) -> str:
        return f"{self.name} runs but its firmware does not answer; build the firmware again"


@contextmanager
def running(name: str, command: Sequence[str], announcement: re.Pattern[bytes]) -> Iterator[ProcessBoard]:
    """Run `command`, wait until it prints `announcement` (group 1 is a pty's path) and open that pty.

    The process is stopped and reaped however the block ends. Its output goes to a temporary file rather than
    a pipe, so that it can never wait for us to read. UserError where it cannot be started.
    """
    with tempfile.TemporaryFile() as output:
        try:
            # A session of its own keeps Ctrl-C, which goes to a whole terminal, from reaching it before us.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        except OSError as error:
            raise UserError(
                f"cannot start {command[0]}: {error.strerror}; build the firmware again"
            ) from error
        try:
            path = _announced_pty(name, process, output, announcement)
            with hardware(path) as port:
                yield ProcessBoard(name, port.fileno(), process, output, announcement)
        finally:
            _stop(process)


def _end_with_parent() -> None:
    """In the process that is started: end when the host does, even by SIGKILL (prctl, PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _announced_pty(
    name: str, process: "subprocess.Popen[bytes]", output: IO[bytes], announcement: re.Pattern[bytes]
) -> str:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        ended = process.poll() is not None
        if found := announcement.search(_read(output)):
            return os.fsdecode(found.group(1))
        if ended:
            raise BoardError(
                f"{_ended(name, process.returncode, output, announcement)}; build the firmware again"
            )
        time.sleep(POLL_SECONDS)
    raise BoardError(f"{name} did not open a pty within {START_SECONDS:.0f} s; build the firmware again")


def _read(output: IO[bytes]) -> bytes:
    """What the process has printed so far. pread, since the process writes through the same file offset."""
    return os.pread(output.fileno(), 1 << 16, 0)


def _ended(name: str, code: int, output: IO[bytes], announcement: re.Pattern[bytes]) -> str:
    cause = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    words = " ".join(announcement.sub(b"", _read(output)).decode("utf-8", "replace").split())
    return f"{name} {cause}" + (f" and printed: {words[:MAX_OUTPUT]}" if words else "")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
