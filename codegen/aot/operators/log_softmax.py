"""LOG_SOFTMAX: firmware/engines/aot/kernels/log_softmax.h."""

from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import (
    INT8_MAX,
    Multiplier,
    quantize_multiplier,
    softmax_least_difference,
    softmax_multiplier,
)
from codegen.aot.call import KernelCall
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_quantization,
    expect_shape,
    input_of,
    output_of,
)
from codegen.aot.operators.softmax import MOST_CLASSES
from codegen.aot.overlap import IN_PLACE
from contract.errors import UserError
from contract.graph import Model, Operator

OUTPUT_PARTS = 16  # of 1: the scale is 1/16


@dataclass(frozen=True)
class LogSoftmax:
    """A checked LOG_SOFTMAX over the last dimension."""

    operator: Operator
    input: Activation
    output: Activation  # of the input's shape, scale 1/16, zero point 127
    rows: int
    depth: int  # classes
    multiplier: Multiplier  # from a difference of inputs to Q5.26
    back: Multiplier  # the other way round
    least_difference: int  # below it an exponential counts as 0
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> LogSoftmax:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    input, output = input_of(model, operator), output_of(model, operator)
    expect_shape(operator, output.tensor, input.shape)
    expect_quantization(operator, output, OUTPUT_PARTS, INT8_MAX)
    depth = input.shape[-1]
    if depth > MOST_CLASSES:
        raise UserError(f"{operator} has {depth} classes, the engine takes at most {MOST_CLASSES}")
    # PreprocessLogSoftmaxScalingExp in tensorflow/lite/kernels/internal/quantization_util.cc.
    multiplier = softmax_multiplier(1.0, input.scale, str(operator))
    reverse = (1 << (31 - multiplier.shift)) / multiplier.multiplier
    if not reverse < 1:
        raise UserError(f"{operator} has an input scale of {input.scale:g}, out of range; {CONVERT_AGAIN}")
    return LogSoftmax(
        operator=operator,
        input=input,
        output=output,
        rows=input.tensor.elements // depth,
        depth=depth,
        multiplier=multiplier,
        back=quantize_multiplier(reverse),
        least_difference=softmax_least_difference(multiplier.shift),
        description=(
            operator.name,
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def portable(checked: LogSoftmax) -> KernelCall:
    """The plain kernel."""
    return KernelCall(
        operators=(checked.operator,),
        kernel="log_softmax",
        header="kernels/log_softmax.h",
        inputs=(checked.input.index,),
        outputs=(checked.output.index,),
        parameters={
            "softmax": {
                "rows": checked.rows,
                "depth": checked.depth,
                "multiplier": checked.multiplier.multiplier,
                "shift": checked.multiplier.shift,
                "least_difference": checked.least_difference,
            },
            "back_multiplier": checked.back.multiplier,
            "back_right_shift": -checked.back.shift,
        },
        description=checked.description,
        overlaps={checked.input.index: IN_PLACE},
    )
