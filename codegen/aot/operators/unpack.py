"""UNPACK: copies (firmware/engines/aot/kernels/copy.h)."""

from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, movement_calls
from codegen.aot.families.splitting import split
from codegen.aot.operands import (
    axis_of,
    expect_operands,
    input_of,
)
from contract.graph import Model, Operator
from contract.operators.unpack import UnpackOptions


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2), outputs=len(operator.outputs))
    options = operator.options
    assert isinstance(options, UnpackOptions)
    input = input_of(model, operator)
    axis = axis_of(operator, options.axis, len(input.shape))
    return split(model, operator, input, axis, [1] * input.shape[axis], drop=True)


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)
