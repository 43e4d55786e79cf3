"""SQUARED_DIFFERENCE: firmware/engines/aot/kernels/squared_difference.h."""

from dataclasses import dataclass

from codegen.aot.arithmetic.fixed_point import (
    INT8_MAX,
    INT8_MIN,
    Multiplier,
    quantize_multiplier,
    quantize_multipliers,
)
from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import KernelCall
from codegen.aot.families.elementwise import (
    block_fields,
    broadcast_of,
    described_pair,
    operands_of,
    overwritable,
    scaling_fields,
)
from codegen.aot.families.real import Real
from codegen.aot.operands import Activation, expect_operands, output_of
from codegen.aot.requantization import requantization
from contract.graph import Model, Operator

LEFT_SHIFT = 7  # of both inputs before they are scaled


@dataclass(frozen=True)
class SquaredDifference:
    """A checked SQUARED_DIFFERENCE."""

    operator: Operator
    inputs: tuple[Activation, Activation]
    output: Activation
    block: Block  # of the output, with the strides of both inputs
    input_multipliers: tuple[Multiplier, Multiplier]
    output_multiplier: Multiplier
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> SquaredDifference:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    first, second = operands_of(model, operator)
    output = output_of(model, operator)
    # PrepareQuantized in tensorflow/lite/micro/kernels/squared_difference.cc, in float64.
    twice = 2 * max(first.scale, second.scale)
    factor = twice * twice / ((1 << 2 * LEFT_SHIFT) * output.scale)
    (output_multiplier,) = quantize_multipliers((factor,), str(operator))
    return SquaredDifference(
        operator=operator,
        inputs=(first, second),
        output=output,
        block=broadcast_of(operator, first, second, output),
        input_multipliers=(
            quantize_multiplier(first.scale / twice),
            quantize_multiplier(second.scale / twice),
        ),
        output_multiplier=output_multiplier,
        description=described_pair(operator.name, first, second, output),
    )


def portable(checked: SquaredDifference) -> KernelCall:
    """The plain kernel."""
    first, second = checked.inputs
    return KernelCall(
        operators=(checked.operator,),
        kernel="squared_difference",
        header="kernels/squared_difference.h",
        inputs=(first.index, second.index),
        outputs=(checked.output.index,),
        parameters={
            "block": block_fields(checked.block),
            "input_1": scaling_fields(first, checked.input_multipliers[0]),
            "input_2": scaling_fields(second, checked.input_multipliers[1]),
            "requantization": requantization(
                (checked.output_multiplier,), checked.output, (INT8_MIN, INT8_MAX)
            ),
        },
        description=checked.description,
        overlaps=overwritable(checked.inputs, checked.output),
    )


def real(operator: Operator, first: Real, second: Real) -> Real:
    """The square of the difference of float32."""
    difference: Real = first - second
    return difference * difference
