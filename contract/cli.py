"""How every stage's command ends: an exit code, and on failure one line on stderr."""

import errno
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from contract.errors import UserError

CLOSED = 141  # what a shell reports for a program that wrote to a closed pipe
# What is wrong with a folder or a disk of the user's, wherever it is met.
NOT_OURS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EISDIR)
INTERRUPTED = 130  # what a shell reports for a program stopped by Ctrl-C

_programs: dict[str, str] = {}


def program(stage: str) -> str:
    """How the command of a stage is called, for its help: python -m <stage>, or what name_programs said."""
    return _programs.get(stage, f"python -m {stage}")


def name_programs(names: dict[str, str]) -> None:
    """The commands of stages are called by these names from now on, by stage."""
    _programs.update(names)


def positive(text: str) -> int:
    """A whole number of 1 or more, as an argument."""
    number = int(text)
    if number < 1:
        raise ValueError(f"{number} is not 1 or more")
    return number


def run(main: Callable[[list[str]], int]) -> NoReturn:
    """Run a stage's `main(arguments) -> exit code` and leave the process with that code.

    A UserError becomes `error: <message>` on stderr and the error's own exit code; Ctrl-C becomes 130.
    Anything else is a bug of ours and keeps its traceback.
    """
    try:
        sys.exit(main(sys.argv[1:]))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # whoever read what we print has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(CLOSED)
    except OSError as error:
        if error.filename is None or error.errno not in NOT_OURS:
            raise
        print(f"error: cannot use {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(UserError.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
