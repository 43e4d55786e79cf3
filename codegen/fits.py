"""Whether a model fits a board, said before anything is built."""

from codegen.aot.plan import Limits, Plan
from contract.boards import CODE_BYTES, STACK_BYTES, Board
from contract.errors import UserError
from contract.graph import Model

SMALLER = "make the layers there narrower or the input smaller, or take a board with more RAM"


def limits_of(model: Model, board: Board | None, flash: int | None, ram: int | None) -> Limits:
    """The given limits, or where they are None what `board` leaves to the constants and the arena of a
    model."""
    if board is not None and flash is None and board.flash_bytes is not None:
        flash = max(0, board.flash_bytes - CODE_BYTES)
    if board is not None and ram is None and board.ram_bytes is not None:
        request = sum(model.tensors[index].bytes for index in model.inputs)
        ram = max(0, board.ram_bytes - STACK_BYTES - request)
    return Limits(flash, ram)


def expect_fits(plan: Plan, goal: str, board: Board) -> None:
    """Refuse a model whose arena or constants leave the memories of `board`: UserError with the numbers, the
    layer at the peak and what would help.

    The stack of an inference is counted with what emulated boards set aside for it.
    """
    if board.flash_bytes is not None and plan.constant_bytes > board.flash_bytes:
        raise UserError(
            f"the model's constants need {plan.constant_bytes:,} bytes, {board.name} has "
            f"{board.flash_bytes:,} of flash; make the model smaller, or take a board with more flash"
        )
    if board.ram_bytes is None:
        return
    room = board.ram_bytes - STACK_BYTES
    request = sum(plan.model.tensors[index].bytes for index in plan.model.inputs)
    needed = (
        f"the model's activations need {plan.arena.bytes:,} bytes, most at {plan.peak_layer}; {board.name} "
        f"has {board.ram_bytes:,} of RAM, {STACK_BYTES:,} of them for the stack"
    )
    smaller = SMALLER if goal == "size" else f"try OPTIMIZE=size, {SMALLER}"
    if plan.arena.bytes > room:
        raise UserError(f"{needed}; {smaller}")
    if plan.arena.bytes + request > room:
        raise UserError(
            f"{needed}. The model fits, but not this image, which validates it and holds an input of "
            f"{request:,} bytes beside them; use the generated model in your own application, or {smaller}"
        )
