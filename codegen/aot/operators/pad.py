"""PAD: copies (firmware/engines/aot/kernels/copy.h)."""

from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, movement_calls
from codegen.aot.families.padding import padded
from codegen.aot.operands import (
    expect_operands,
    input_of,
    output_of,
)
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    input, output = input_of(model, operator), output_of(model, operator)
    value = output.zero_point
    return padded(model, operator, input, output, value)


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)
