"""Blocks of elements in more than one dimension: strides, broadcasting, and dimensions that can be one.

Strides are in elements. A kernel that walks a block gets few dimensions: neighbouring dimensions that every
tensor walks as one become one, and those of size 1 go.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """Sizes of the dimensions, at least one, and for each tensor its stride in each of them."""

    sizes: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]  # by tensor, then by dimension


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides of a tensor of this shape."""
    strides = []
    stride = 1
    for size in reversed(shape):
        strides.append(stride)
        stride *= size
    return tuple(reversed(strides))


def broadcast_shape(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...] | None:
    """The shape that both are broadcast to, by NumPy's rule, or None."""
    rank = max(len(first), len(second))
    pairs = zip(_padded(first, rank), _padded(second, rank), strict=True)
    shape = [one if other == 1 else other if one in (1, other) else 0 for one, other in pairs]
    return None if 0 in shape else tuple(shape)


def broadcast(shape: Sequence[int], *inputs: Sequence[int]) -> Block:
    """The block of an output of this shape, with the strides of each input: 0 where it is repeated."""
    strides = []
    for given in inputs:
        padded = _padded(given, len(shape))
        own = row_major(padded)
        strides.append(tuple(0 if size == 1 else stride for size, stride in zip(padded, own, strict=True)))
    return merged(shape, strides)


def merged(sizes: Sequence[int], strides: Sequence[Sequence[int]]) -> Block:
    """The same walk over as few dimensions as possible."""
    kept: list[tuple[int, list[int]]] = []
    for dimension, size in enumerate(sizes):
        steps = [of_tensor[dimension] for of_tensor in strides]
        if size == 1:
            continue
        if kept and all(before == step * size for before, step in zip(kept[-1][1], steps, strict=True)):
            kept[-1] = (kept[-1][0] * size, steps)
        else:
            kept.append((size, steps))
    if not kept:
        kept = [(1, [0] * len(strides))]
    return Block(
        tuple(size for size, _ in kept),
        tuple(tuple(steps[tensor] for _, steps in kept) for tensor in range(len(strides))),
    )


def _padded(shape: Sequence[int], rank: int) -> tuple[int, ...]:
    return (1,) * (rank - len(shape)) + tuple(shape)
