"""RESHAPE: the same bytes under another shape; no kernel."""

from dataclasses import dataclass

import numpy as np

from codegen.aot import describe
from codegen.aot.call import Alias
from codegen.aot.channels import Channels, channels_of
from codegen.aot.families.values import Values, constants_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_same_quantization,
    input_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator


@dataclass(frozen=True)
class Reshape:
    """A checked RESHAPE."""

    operator: Operator
    input: Activation
    output: Activation  # as many elements, quantised alike


def read(model: Model, operator: Operator) -> Reshape:
    """The operator with everything checked. UserError where its tensors differ in more than their shape."""
    expect_operands(operator, inputs=range(1, 3))
    input, output = input_of(model, operator), output_of(model, operator)
    if input.tensor.elements != output.tensor.elements:
        raise UserError(
            f"{operator} turns {input.tensor} of shape {list(input.shape)} into {output.tensor} of shape "
            f"{list(output.shape)}; {CONVERT_AGAIN}"
        )
    expect_same_quantization(operator, input, output)
    return Reshape(operator, input, output)


def portable(reshape: Reshape) -> Alias:
    """No call: the output lies where the input lies."""
    input, output = reshape.input, reshape.output
    return Alias(
        operators=(reshape.operator,),
        inputs=(input.index,),
        outputs=(output.index,),
        description=(
            f"{reshape.operator.name} {describe.shape(input.shape)} to {describe.shape(output.shape)}: "
            "the same bytes",
        ),
    )


def constant(model: Model, operator: Operator) -> Values | None:
    """The output where the input is a constant."""
    values = constants_of(model, operator)
    return None if values is None else values[0].reshape(model.tensors[operator.outputs[0]].shape)


@channels_of.register
def _(reshape: Reshape) -> Channels | None:
    """Pixels keep their channels side by side, also where several become one."""
    if not reshape.input.shape or not reshape.output.shape:
        return None
    before, behind = reshape.input.shape[-1], reshape.output.shape[-1]
    if behind % before:
        return None
    sources = np.arange(behind) % before
    return Channels((reshape.input.index,), reshape.output.index, (sources,), lambda reaches: reaches[0])
