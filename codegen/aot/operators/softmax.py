"""SOFTMAX: firmware/engines/aot/softmax.h."""

from codegen.aot import describe
from codegen.aot.operands import CONVERT_AGAIN, expect_operands, expect_shape, input_of, output_of
from codegen.aot.quantization import INT8_MIN, softmax_least_difference, softmax_multiplier
from codegen.aot.step import Step
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.softmax import SoftmaxOptions

OUTPUT_SCALE = 1 / 256
# The sum of the exponentials is Q12.19: 4,095 ones fit.
MOST_CLASSES = 4095


def plan(model: Model, operator: Operator, layer: str) -> Step:
    """One call for a softmax over the last dimension. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    options = operator.options
    assert isinstance(options, SoftmaxOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    expect_shape(operator, output.tensor, input.shape)
    if (output.quantization.scale, output.quantization.zero_point) != (OUTPUT_SCALE, INT8_MIN):
        raise UserError(
            f"{operator} has {output.tensor} of scale {output.quantization.scale:g} and zero point "
            f"{output.quantization.zero_point} instead of 1/256 and {INT8_MIN}; {CONVERT_AGAIN}"
        )
    depth = input.shape[-1]
    if depth > MOST_CLASSES:
        raise UserError(f"{operator} has {depth} classes, the engine's softmax takes at most {MOST_CLASSES}")
    multiplier = softmax_multiplier(options.beta, input.quantization.scale, operator)
    return Step(
        layer=layer,
        kernel="softmax",
        header="softmax.h",
        input=input.index,
        output=output.index,
        parameters={
            "rows": input.tensor.elements // depth,
            "depth": depth,
            "multiplier": multiplier.multiplier,
            "shift": multiplier.shift,
            "least_difference": softmax_least_difference(multiplier.shift),
        },
        description=(
            f"{operator.name}, beta {options.beta:g}",
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )
