"""What operators of two broadcast inputs share: their operands, and the block that their kernels walk."""

from collections.abc import Mapping

import numpy as np

from codegen.aot.arithmetic.strides import Block, broadcast, broadcast_shape
from codegen.aot.call import Constant, Value
from codegen.aot.operands import CONVERT_AGAIN, Activation, expect_shape, operand_of
from contract.errors import UserError
from contract.graph import Model, Operator

MOST_DIMENSIONS = 6


def operands_of(model: Model, operator: Operator) -> tuple[Activation, Activation]:
    """Both inputs, either of which may be a constant."""
    return operand_of(model, operator, 0), operand_of(model, operator, 1)


def broadcast_of(operator: Operator, first: Activation, second: Activation, output: Activation) -> Block:
    """The block of the output. UserError where the shapes do not fit."""
    shape = broadcast_shape(first.shape, second.shape)
    if shape is None or len(shape) > MOST_DIMENSIONS:
        raise UserError(
            f"{operator} joins {first.tensor} of shape {list(first.shape)} and {second.tensor} of shape "
            f"{list(second.shape)}, which cannot be broadcast in {MOST_DIMENSIONS} dimensions; "
            f"{CONVERT_AGAIN}"
        )
    expect_shape(operator, output.tensor, shape)
    return broadcast(shape, first.shape, second.shape)


def block_fields(block: Block) -> Mapping[str, Value]:
    """The fields of a kernel that walks `block`: rows along the last dimension, and the strides of both
    inputs."""
    rows = int(np.prod(block.sizes[:-1], dtype=np.int64))
    fields: dict[str, Value] = {
        "rows": rows,
        "columns": block.sizes[-1],
        "rank": len(block.sizes),
        "sizes": Constant("sizes", np.array(block.sizes, np.int32)),
    }
    for number, strides in enumerate(block.strides, 1):
        fields[f"strides_{number}"] = Constant(f"strides_{number}", np.array(strides, np.int32))
    for number, strides in enumerate(block.strides, 1):
        fields[f"step_{number}"] = strides[-1]
    return fields
