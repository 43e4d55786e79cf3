"""Running the GNU tools for Arm and other programs, with errors that say what to install."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from contract.errors import UserError

_INSTALL = {
    "arm-none-eabi": "binutils-arm-none-eabi (apt), arm-none-eabi-binutils (dnf, pacman, brew)",
    "qemu-system-arm": "qemu-system-arm (apt, pacman), qemu-system-arm-core (dnf) or qemu (brew)",
    "size": "binutils",
    "make": "make",
}


def cross(name: str, *arguments: str, stdin: str | None = None) -> str:
    """What the GNU tool `name` for bare-metal Arm prints. UserError where it is missing or fails."""
    return run([f"arm-none-eabi-{name}", *arguments], stdin=stdin)


def run(
    command: Sequence[str], stdin: str | None = None, folder: Path | None = None, seconds: float = 3600
) -> str:
    """What `command` prints. UserError where it is missing, fails or takes more than `seconds`."""
    try:
        done = subprocess.run(
            command, input=stdin, cwd=folder, capture_output=True, text=True, check=False, timeout=seconds
        )
    except FileNotFoundError as error:
        raise missing(command[0]) from error
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"{command[0]} did not end within {seconds:.0f} s; run it by hand: {' '.join(command)}"
        ) from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
        telling = ("error", "fatal", "unsupported")
        reason = next((line for line in said if any(word in line.lower() for word in telling)), said[-1])
        raise UserError(
            f"{reason.removeprefix('error: ')} (exit code {done.returncode} of {' '.join(command)})"
        )
    return done.stdout


def missing(program: str) -> UserError:
    """The error for a program that is not installed."""
    package = next((text for name, text in _INSTALL.items() if program.startswith(name)), program)
    return UserError(f"{program} is not installed; install {package}")
