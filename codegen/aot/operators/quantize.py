"""QUANTIZE: from float32 by firmware/engines/aot/kernels/quantize.h, between int8 and uint8 by a table."""

from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import quantize_multipliers, scale_by
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.lookup import Lookup, lookup_call, lookup_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_shape,
    output_of,
    quantised,
    real_of,
)
from codegen.aot.overlap import IN_PLACE
from contract.errors import UserError
from contract.graph import Model, Operator, Tensor

TYPES = ("INT8", "UINT8")


@dataclass(frozen=True)
class Quantizing:
    """A checked QUANTIZE from float32."""

    operator: Operator
    input: Tensor  # FLOAT32
    output: Activation
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Quantizing | Lookup:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    if model.tensors[operator.inputs[0]].type != "FLOAT32":
        return _between_integers(model, operator)
    real, output = real_of(model.tensors[operator.inputs[0]], operator), output_of(model, operator)
    expect_shape(operator, output.tensor, real.shape)
    description = (
        operator.name,
        describe.tensor("input", real),
        describe.tensor("output", output.tensor),
    )
    return Quantizing(operator, real, output, description)


def _between_integers(model: Model, operator: Operator) -> Lookup:
    """Requantize in tensorflow/lite/kernels/internal/reference/requantize.h; the quotient of the scales is a
    float64."""
    input, output = (
        quantised(model.tensors[index], operator, TYPES)
        for index in (operator.inputs[0], operator.outputs[0])
    )
    if input.tensor.type == output.tensor.type == "UINT8":
        raise UserError(
            f"{operator} is from UINT8 to UINT8, which TensorFlow Lite Micro does not run; {CONVERT_AGAIN}"
        )
    (multiplier,) = quantize_multipliers((input.scale / output.scale,), str(operator))

    def compute(value: int) -> int:
        return output.zero_point + scale_by(multiplier, value - input.zero_point)

    return lookup_of(operator, input, output, compute)


def portable(checked: Quantizing | Lookup) -> KernelCall | Alias:
    """The plain kernel."""
    if isinstance(checked, Lookup):
        return lookup_call(checked)
    return KernelCall(
        operators=(checked.operator,),
        kernel="quantize",
        header="kernels/quantize.h",
        inputs=(checked.input.index,),
        outputs=(checked.output.index,),
        overlaps={checked.input.index: IN_PLACE},
        parameters={
            "count": checked.input.elements,
            "scale": checked.output.scale,
            "zero_point": checked.output.zero_point,
        },
        description=checked.description,
    )
