"""The one exception that a command turns into a line on stderr and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Something the user can put right: the message says what is wrong and what to do next, in one line
    or, where several things are wrong, one line for each."""

    exit_code: int = 2

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        if exit_code is not None:
            self.exit_code = exit_code


class Refusals:
    """Collects what is wrong with several things, so that the user learns all of it at once."""

    MOST = 20  # are said

    def __init__(self) -> None:
        self.messages: list[str] = []

    @contextmanager
    def collecting(self, where: str = "") -> Iterator[None]:
        """A UserError of the block is kept instead of raised, `where` before its message."""
        try:
            yield
        except UserError as error:
            message = f"{where}{error}"
            if message not in self.messages:
                self.messages.append(message)

    def expect_none(self, what: str) -> None:
        """UserError with all that was collected; `what` is said above several: "operators cannot run"."""
        if not self.messages:
            return
        if len(self.messages) == 1:
            raise UserError(self.messages[0])
        lines = [f"{len(self.messages)} {what}", *self.messages[: self.MOST]]
        if len(self.messages) > self.MOST:
            lines.append(f"and {len(self.messages) - self.MOST} more")
        raise UserError("\n  ".join(lines))
