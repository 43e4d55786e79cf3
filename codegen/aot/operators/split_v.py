"""SPLIT_V: copies (firmware/engines/aot/kernels/copy.h)."""

from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, movement_calls
from codegen.aot.families.splitting import split
from codegen.aot.operands import (
    axis_of,
    expect_operands,
    input_of,
    integers_of,
)
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(3, 4), outputs=len(operator.outputs))
    input = input_of(model, operator)
    sizes = integers_of(model, operator, 1)
    (given,) = integers_of(model, operator, 2)
    axis = axis_of(operator, given, len(input.shape))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = input.shape[axis] - sum(sizes) - 1
    return split(model, operator, input, axis, sizes)


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)
