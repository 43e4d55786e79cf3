"""TRANSPOSE: copies (firmware/engines/aot/kernels/copy.h)."""

import numpy as np

from codegen.aot.arithmetic.strides import row_major
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, described, movement_calls, to_whole
from codegen.aot.families.values import Values, constants_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    axis_of,
    expect_operands,
    expect_shape,
    input_of,
    integers_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    input, output = input_of(model, operator), output_of(model, operator)
    order = integers_of(model, operator, 1)
    rank = len(input.shape)
    axes = [axis_of(operator, axis, rank) for axis in order]
    if sorted(axes) != list(range(rank)):
        raise UserError(f"{operator} orders {rank} dimensions by {order}; {CONVERT_AGAIN}")
    expect_shape(operator, output.tensor, tuple(input.shape[axis] for axis in axes))
    strides = row_major(input.shape)
    turned = to_whole(input, output, [strides[axis] for axis in axes])
    return Movement(operator, (turned,), described(operator, model, input.tensor))


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)


def constant(model: Model, operator: Operator) -> Values | None:
    """The output where all inputs are constants."""
    values = constants_of(model, operator)
    return None if values is None else np.ascontiguousarray(np.transpose(*values))
