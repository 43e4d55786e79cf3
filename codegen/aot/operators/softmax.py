"""SOFTMAX: firmware/engines/aot/kernels/softmax.h."""

from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import INT8_MIN, softmax_least_difference, softmax_multiplier
from codegen.aot.call import KernelCall
from codegen.aot.operands import (
    Activation,
    expect_operands,
    expect_quantization,
    expect_shape,
    input_of,
    output_of,
)
from codegen.aot.overlap import IN_PLACE
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.softmax import SoftmaxOptions

OUTPUT_PARTS = 256  # of 1: the scale is 1/256
# The sum of the exponentials is Q12.19: 4,095 ones fit.
MOST_CLASSES = 4095


@dataclass(frozen=True)
class Softmax:
    """A checked SOFTMAX over the last dimension: what every variant of its kernel is made from."""

    operator: Operator
    input: Activation
    output: Activation  # of the input's shape, scale 1/256, zero point -128
    rows: int
    depth: int  # classes
    multiplier: int  # from a difference of inputs to Q5.26
    shift: int
    least_difference: int  # below it an exponential counts as 0
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Softmax:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    options = operator.options
    assert isinstance(options, SoftmaxOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    expect_shape(operator, output.tensor, input.shape)
    expect_quantization(operator, output, OUTPUT_PARTS, INT8_MIN)
    depth = input.shape[-1]
    if depth > MOST_CLASSES:
        raise UserError(f"{operator} has {depth} classes, the engine's softmax takes at most {MOST_CLASSES}")
    multiplier = softmax_multiplier(options.beta, input.quantization.scale, str(operator))
    return Softmax(
        operator=operator,
        input=input,
        output=output,
        rows=input.tensor.elements // depth,
        depth=depth,
        multiplier=multiplier.multiplier,
        shift=multiplier.shift,
        least_difference=softmax_least_difference(multiplier.shift),
        description=(
            f"{operator.name}, beta {options.beta:g}",
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def portable(softmax: Softmax) -> KernelCall:
    """The plain kernel."""
    return KernelCall(
        operators=(softmax.operator,),
        kernel="softmax",
        header="kernels/softmax.h",
        inputs=(softmax.input.index,),
        outputs=(softmax.output.index,),
        overlaps={softmax.input.index: IN_PLACE},
        parameters={
            "rows": softmax.rows,
            "depth": softmax.depth,
            "multiplier": softmax.multiplier,
            "shift": softmax.shift,
            "least_difference": softmax.least_difference,
        },
        description=softmax.description,
    )
