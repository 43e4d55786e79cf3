"""A board in QEMU."""

import re
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from contract.errors import UserError
from host.boards.process import ProcessBoard, running

PROGRAM = "qemu-system-arm"
QUIET = ("-display", "none", "-monitor", "none")
# One executed instruction is one nanosecond of virtual time. Without it, the semihosting console hangs with
# two frames in flight.
COUNTED = ("-icount", "shift=0")
# Semihosting is on even where it is not the line: with it the image ends the emulator after a fault.
LINES = {
    "semihosting": ("-semihosting-config", "enable=on,target=native,chardev=c0"),
    "uart": ("-serial", "chardev:c0", "-semihosting-config", "enable=on,target=native"),
}
ANNOUNCEMENT = re.compile(rb"^char device redirected to (\S+) \(label c0\)$", re.MULTILINE)


def emulator(image: Path, line: str, machine: str) -> AbstractContextManager[ProcessBoard]:
    """Run `image`, whose protocol is on `line`, on QEMU's `machine`. UserError where QEMU is missing."""
    if line not in LINES:
        raise UserError(f"{image} was built for the unknown link {line}; use LINK=semihosting or uart")
    program = shutil.which(PROGRAM)
    if program is None:
        raise UserError(
            f"{PROGRAM} is not installed; apt install qemu-system-arm, dnf install qemu-system-arm-core, "
            "pacman -S qemu-system-arm or brew install qemu, or use BOARD=native"
        )
    command = [
        program,
        "-M",
        machine,
        *QUIET,
        *COUNTED,
        "-kernel",
        str(image),
        "-chardev",
        "pty,id=c0",
        *LINES[line],
    ]
    return running("the emulator", command, ANNOUNCEMENT)
