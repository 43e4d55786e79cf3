"""CONCATENATION: copies (firmware/engines/aot/kernels/copy.h)."""

import numpy as np

from codegen.aot.arithmetic.strides import row_major
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, described, movement_calls, whole
from codegen.aot.families.values import Values, constants_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    axis_of,
    expect_operands,
    expect_same_quantization,
    expect_shape,
    operand_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.concatenation import ConcatenationOptions


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, len(operator.inputs) + 1))
    options = operator.options
    assert isinstance(options, ConcatenationOptions)
    inputs = [operand_of(model, operator, place) for place in range(len(operator.inputs))]
    output = output_of(model, operator)
    if options.activation != "NONE":
        raise UserError(
            f"{operator} has the fused activation {options.activation}; make it a layer of its own"
        )
    axis = axis_of(operator, options.axis, len(output.shape))
    shape = list(inputs[0].shape)
    if any(
        len(one.shape) != len(shape)
        or one.shape[:axis] + one.shape[axis + 1 :] != (*shape[:axis], *shape[axis + 1 :])
        for one in inputs
    ):
        raise UserError(f"{operator} joins tensors of different shapes; {CONVERT_AGAIN}")
    shape[axis] = sum(one.shape[axis] for one in inputs)
    expect_shape(operator, output.tensor, tuple(shape))
    strides = row_major(output.shape)
    moves = []
    start = 0
    for one in inputs:
        expect_same_quantization(operator, one, output)
        moves.append(whole(one, output, strides, start * strides[axis]))
        start += one.shape[axis]
    return Movement(operator, tuple(moves), described(operator, model, *(one.tensor for one in inputs)))


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)


def constant(model: Model, operator: Operator) -> Values | None:
    """The output where all inputs are constants."""
    options = operator.options
    assert isinstance(options, ConcatenationOptions)
    values = constants_of(model, operator)
    return None if values is None else np.concatenate(values, options.axis)
