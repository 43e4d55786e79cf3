"""What SPACE_TO_DEPTH and DEPTH_TO_SPACE share: one walk over an image and over its blocks, stacked."""

from dataclasses import dataclass

from codegen.aot.arithmetic.strides import row_major


@dataclass(frozen=True)
class Blocks:
    """Sizes as (batch, y, row in the block, x, column in the block, channel); strides of both sides."""

    sizes: tuple[int, ...]
    image: tuple[int, ...]
    stacked: tuple[int, ...]


def blocks_of(batch: int, rows: int, columns: int, depth: int, block: int) -> Blocks:
    """`rows` and `columns` of blocks of `block` x `block` pixels with `depth` channels."""
    sizes = (batch, rows, block, columns, block, depth)
    stacked = row_major((batch, rows, columns, block, block, depth))
    return Blocks(
        sizes, row_major(sizes), (stacked[0], stacked[1], stacked[3], stacked[2], stacked[4], stacked[5])
    )
