"""PACK: copies (firmware/engines/aot/kernels/copy.h)."""

import numpy as np

from codegen.aot.arithmetic.strides import row_major
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, described, movement_calls, whole
from codegen.aot.families.values import Values, constants_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    axis_of,
    expect_operands,
    expect_shape,
    operand_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.pack import PackOptions


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, len(operator.inputs) + 1))
    options = operator.options
    assert isinstance(options, PackOptions)
    inputs = [operand_of(model, operator, place) for place in range(len(operator.inputs))]
    output = output_of(model, operator)
    shape = inputs[0].shape
    axis = axis_of(operator, options.axis, len(shape) + 1)
    if any(one.shape != shape for one in inputs):
        raise UserError(f"{operator} joins tensors of different shapes; {CONVERT_AGAIN}")
    expect_shape(operator, output.tensor, (*shape[:axis], len(inputs), *shape[axis:]))
    strides = row_major(output.shape)
    kept = [*strides[:axis], *strides[axis + 1 :]]
    moves = tuple(whole(one, output, kept, place * strides[axis]) for place, one in enumerate(inputs))
    return Movement(operator, moves, described(operator, model, *(one.tensor for one in inputs)))


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)


def constant(model: Model, operator: Operator) -> Values | None:
    """The output where all inputs are constants."""
    options = operator.options
    assert isinstance(options, PackOptions)
    values = constants_of(model, operator)
    return None if values is None else np.stack(values, options.axis)
