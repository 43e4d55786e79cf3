"""RESHAPE: the same bytes under another shape; no kernel."""

from codegen.aot import describe
from codegen.aot.operands import (
    CONVERT_AGAIN,
    expect_operands,
    expect_same_quantization,
    input_of,
    output_of,
)
from codegen.aot.step import Alias
from contract.errors import UserError
from contract.graph import Model, Operator


def plan(model: Model, operator: Operator, layer: str) -> Alias:
    """No call: the output lies where the input lies. UserError where their sizes differ."""
    expect_operands(operator, inputs=range(1, 3))
    input, output = input_of(model, operator), output_of(model, operator)
    if input.tensor.elements != output.tensor.elements:
        raise UserError(
            f"{operator} turns {input.tensor} of shape {list(input.shape)} into {output.tensor} of shape "
            f"{list(output.shape)}; {CONVERT_AGAIN}"
        )
    expect_same_quantization(operator, input, output)
    return Alias(
        layer=layer,
        input=input.index,
        output=output.index,
        description=(
            f"{operator.name} {describe.shape(input.shape)} to {describe.shape(output.shape)}: "
            "the same bytes",
        ),
    )
