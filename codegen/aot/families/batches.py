"""What SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND share: images cut into those of every n-th pixel, and
joined."""

from dataclasses import dataclass

from codegen.aot.arithmetic.strides import row_major
from codegen.aot.families.movement import Move, move
from codegen.aot.operands import CONVERT_AGAIN, Activation, integers_of
from contract.errors import UserError
from contract.graph import Model, Operator

Image = tuple[int, int, int, int]  # batch, height, width, channels


@dataclass(frozen=True)
class Cut:
    """The pixels of `image` that are `batch` images of a block: every n-th, from some offset on."""

    whole: Image
    parts: Image  # the small images
    block: tuple[int, int]
    before: tuple[int, int]  # pixels that the blocks reach out of the whole at its beginning


def as_image(shape: tuple[int, ...]) -> Image | None:
    """A shape of rank 4, or of rank 3 without a width."""
    if len(shape) == 3:
        return (shape[0], shape[1], 1, shape[2])
    return (shape[0], shape[1], shape[2], shape[3]) if len(shape) == 4 else None


def block_and_margins(
    model: Model, operator: Operator, rank: int
) -> tuple[tuple[int, int], tuple[tuple[int, int], tuple[int, int]]]:
    """The block's height and width, and what stands before and behind in both: the second and third input."""
    block, margins = integers_of(model, operator, 1), integers_of(model, operator, 2)
    if len(block) != rank - 2 or len(margins) != 2 * (rank - 2) or min(block) < 1 or min(margins) < 0:
        raise UserError(f"{operator} has blocks of {block} and margins of {margins}; {CONVERT_AGAIN}")
    pairs = list(zip(margins[0::2], margins[1::2], strict=True))
    if rank == 3:
        return (block[0], 1), (pairs[0], (0, 0))
    return (block[0], block[1]), (pairs[0], pairs[1])


def cut_moves(cut: Cut, whole: Activation, parts: Activation, to_parts: bool) -> tuple[Move, ...]:
    """A copy for each place in a block, from the whole to the parts or back."""
    batch, height, width, channels = cut.whole
    _, rows, columns, _ = cut.parts
    whole_strides, part_strides = row_major(cut.whole), row_major(cut.parts)
    moves = []
    for y in range(cut.block[0]):
        for x in range(cut.block[1]):
            first, count = zip(
                _inside(y, cut.block[0], cut.before[0], rows, height),
                _inside(x, cut.block[1], cut.before[1], columns, width),
                strict=True,
            )
            if min(count) <= 0:
                continue
            pixel = [
                place * block + offset - before
                for place, block, offset, before in zip(first, cut.block, (y, x), cut.before, strict=True)
            ]
            image = (y * cut.block[1] + x) * batch
            sizes = (batch, *count, channels)
            of_whole = (
                whole_strides[0],
                cut.block[0] * whole_strides[1],
                cut.block[1] * whole_strides[2],
                1,
            )
            whole_start = pixel[0] * whole_strides[1] + pixel[1] * whole_strides[2]
            part_start = image * part_strides[0] + first[0] * part_strides[1] + first[1] * part_strides[2]
            moves.append(
                move(whole, parts, sizes, of_whole, part_strides, whole_start, part_start)
                if to_parts
                else move(parts, whole, sizes, part_strides, of_whole, part_start, whole_start)
            )
    return tuple(moves)


def _inside(offset: int, block: int, before: int, places: int, size: int) -> tuple[int, int]:
    """The first place of a part that lies inside the whole, and how many do."""
    first = max(0, -(-(before - offset) // block))
    last = min(places - 1, (size - 1 + before - offset) // block)
    return first, last - first + 1
