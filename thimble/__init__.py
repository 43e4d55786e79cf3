"""Int8 neural networks on microcontrollers: one command over all stages, and the board as a Python object.

import thimble

with thimble.connect("gesture-thimble/mps2-an386-aot") as board:
    probabilities = board.invoke(acceleration)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contract.errors import UserError
    from host.errors import BoardError
    from thimble.board import Answer, Board, connect

__all__ = ["Answer", "Board", "BoardError", "UserError", "connect"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    """What is imported when it is used first, so that the command's help needs no numpy."""
    if name == "UserError":
        from contract.errors import UserError

        return UserError
    if name == "BoardError":
        from host.errors import BoardError

        return BoardError
    if name in __all__:
        from thimble import board

        return getattr(board, name)
    raise AttributeError(f"module 'thimble' has no attribute {name!r}")
