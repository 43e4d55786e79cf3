"""How a command ends when the board or the line is at fault."""

from contract.errors import UserError

BOARD_OR_LINE = 3


class BoardError(UserError):
    """The board or the line failed: one line with the likely cause and the next thing to try."""

    exit_code = BOARD_OR_LINE


class LineLostError(BoardError):
    """The board is gone or silent, and may come back: plugged in again, reset, powered up."""
