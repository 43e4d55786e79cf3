"""SPLIT: copies (firmware/engines/aot/kernels/copy.h)."""

from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, movement_calls
from codegen.aot.families.splitting import split
from codegen.aot.operands import (
    axis_of,
    expect_operands,
    integers_of,
    operand_of,
)
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    if len(operator.inputs) != 2:
        expect_operands(operator, inputs=range(2, 3), outputs=len(operator.outputs))
    input = operand_of(model, operator, 1)
    (given,) = integers_of(model, operator, 0)
    axis = axis_of(operator, given, len(input.shape))
    count = len(operator.outputs)
    return split(model, operator, input, axis, [input.shape[axis] // count] * count)


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)
