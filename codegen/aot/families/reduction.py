"""What operators that reduce over axes share: the two blocks that their kernels walk, and their checks."""

import math
from collections.abc import Mapping

import numpy as np

from codegen.aot.arithmetic.fixed_point import INT32_MAX, Multiplier
from codegen.aot.arithmetic.strides import Block, merged, row_major
from codegen.aot.call import Constant, Value
from codegen.aot.operands import CONVERT_AGAIN, Activation, expect_shape, integers_of
from contract.errors import UserError
from contract.graph import Model, Operator


def reduced_blocks(
    model: Model, operator: Operator, input: Activation, output: Activation, keep_dims: bool
) -> tuple[Block, Block]:
    """Where the outputs begin in the input, and the inputs of each of them. The second input holds the
    axes."""
    rank = len(input.shape)
    given = integers_of(model, operator, 1)
    if any(not -rank <= axis < rank for axis in given):
        raise UserError(
            f"{operator} reduces {input.tensor} of shape {list(input.shape)} along {given}; {CONVERT_AGAIN}"
        )
    axes = {axis % rank for axis in given}
    shape = [
        1 if axis in axes else size for axis, size in enumerate(input.shape) if keep_dims or axis not in axes
    ]
    expect_shape(operator, output.tensor, tuple(shape))
    strides = row_major(input.shape)

    def block(chosen: list[int]) -> Block:
        return merged([input.shape[axis] for axis in chosen], [[strides[axis] for axis in chosen]])

    return block([axis for axis in range(rank) if axis not in axes]), block(sorted(axes))


def reduction_fields(kept: Block, reduced: Block) -> Mapping[str, Value]:
    """The fields of struct thimble_reduction."""
    return {
        "reduction": {
            "outputs": math.prod(kept.sizes),
            "kept_rank": len(kept.sizes) + 1,
            "kept_sizes": _array("kept_sizes", (*kept.sizes, 1)),
            "kept_strides": _array("kept_strides", (*kept.strides[0], 0)),
            "rows": math.prod(reduced.sizes[:-1]),
            "columns": reduced.sizes[-1],
            "rank": len(reduced.sizes),
            "sizes": _array("sizes", reduced.sizes),
            "strides": _array("strides", reduced.strides[0]),
            "step": reduced.strides[0][-1],
        }
    }


def expect_sums_fit(operator: Operator, count: int, multiplier: Multiplier) -> None:
    """Refuse sums of `count` int8 less their zero points that leave int32, before or after the left shift."""
    if count * 255 * 2 ** max(0, multiplier.shift) > INT32_MAX:
        raise UserError(
            f"{operator} sums {count:,} values, which can overflow its 32-bit accumulators; {CONVERT_AGAIN}"
        )


def _array(name: str, values: tuple[int, ...]) -> Constant:
    return Constant(name, np.array(values, np.int32))
