"""The one exception that a command turns into a line on stderr and an exit code."""


class UserError(Exception):
    """Something the user can put right: the message is one line that says what is wrong and what to do
    next."""

    exit_code: int = 2

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        if exit_code is not None:
            self.exit_code = exit_code
