"""REVERSE_V2: copies (firmware/engines/aot/kernels/copy.h)."""

from codegen.aot.arithmetic.strides import row_major
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, described, movement_calls, to_whole
from codegen.aot.operands import (
    axis_of,
    expect_operands,
    expect_shape,
    input_of,
    integers_of,
    output_of,
)
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    input, output = input_of(model, operator), output_of(model, operator)
    expect_shape(operator, output.tensor, input.shape)
    axes = {axis_of(operator, axis, len(input.shape)) for axis in integers_of(model, operator, 1)}
    strides = list(row_major(input.shape))
    start = sum((input.shape[axis] - 1) * strides[axis] for axis in axes)
    turned = [-stride if axis in axes else stride for axis, stride in enumerate(strides)]
    return Movement(
        operator, (to_whole(input, output, turned, start),), described(operator, model, input.tensor)
    )


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)
