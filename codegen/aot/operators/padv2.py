"""PADV2: copies (firmware/engines/aot/kernels/copy.h)."""

from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, movement_calls
from codegen.aot.families.padding import padded
from codegen.aot.operands import (
    CONVERT_AGAIN,
    expect_operands,
    input_of,
    operand_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(3, 4))
    input, output = input_of(model, operator), output_of(model, operator)
    constant = operand_of(model, operator, 2)
    if (
        constant.tensor.data is None
        or constant.tensor.elements != 1
        or constant.quantization.scale != output.scale
    ):
        raise UserError(
            f"{operator} pads with {constant.tensor}, not a constant quantised as the output; {CONVERT_AGAIN}"
        )
    if constant.zero_point != output.zero_point:
        raise UserError(
            f"{operator} pads with {constant.tensor}, not a constant quantised as the output; {CONVERT_AGAIN}"
        )
    value = int(constant.tensor.values.ravel()[0])
    return padded(model, operator, input, output, value)


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)
