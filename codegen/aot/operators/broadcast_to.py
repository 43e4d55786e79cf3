"""BROADCAST_TO: copies (firmware/engines/aot/kernels/copy.h)."""

import numpy as np

from codegen.aot.arithmetic.strides import broadcast, broadcast_shape
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Move, Movement, described, movement_calls
from codegen.aot.families.values import Values, constants_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
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
    shape = tuple(integers_of(model, operator, 1))
    expect_shape(operator, output.tensor, shape)
    if broadcast_shape(input.shape, shape) != shape:
        raise UserError(
            f"{operator} repeats {input.tensor} of shape {list(input.shape)} to {list(shape)}; "
            f"{CONVERT_AGAIN}"
        )
    return Movement(
        operator,
        (Move(input, output, broadcast(shape, input.shape, shape)),),
        described(operator, model, input.tensor),
    )


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)


def constant(model: Model, operator: Operator) -> Values | None:
    """The output where all inputs are constants."""
    values = constants_of(model, operator)
    return None if values is None else np.broadcast_to(values[0], values[1])
