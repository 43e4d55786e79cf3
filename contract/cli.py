"""How every stage's command ends: an exit code, and on failure one line on stderr."""

import errno
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from contract.errors import UserError
from contract.text import printable

CLOSED = 141  # what a shell reports for a program that wrote to a closed pipe
# What is wrong with a folder or a disk of the user's, wherever it is met.
NOT_OURS = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOTDIR,
    errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP,
)  # fmt: skip
INTERRUPTED = 130  # what a shell reports for a program stopped by Ctrl-C

_names: dict[str, str] = {}


def program(stage: str) -> str:
    """How the command of a stage is called, for its help."""
    return as_called(f"python -m {stage}")


def name_commands(names: dict[str, str]) -> None:
    """Commands are called by other names from now on, in help and errors: `python -m host` is `thimble`."""
    _names.update(names)


def as_called(text: str) -> str:
    """The text with the names of commands by which the user called them."""
    for name in sorted(_names, key=len, reverse=True):
        text = text.replace(name, _names[name])
    return text


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
        code = main(sys.argv[1:])
        sys.stdout.flush()
        sys.exit(code)
    except UserError as error:
        lines = as_called(str(error)).split("\n")  # of several things that are wrong
        print("\n".join(map(printable, ["error: " + lines[0], *lines[1:]])), file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # whoever read what we print has seen enough
        _print_no_more()
        sys.exit(CLOSED)
    except OSError as error:
        if error.errno not in NOT_OURS:
            raise
        if error.filename is None:
            _print_no_more()
        where = "what is printed" if error.filename is None else printable(str(error.filename))
        print(f"error: cannot use {where}: {error.strerror}", file=sys.stderr)
        sys.exit(UserError.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _print_no_more() -> None:
    """Let Python's last flush of what could not be printed succeed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
