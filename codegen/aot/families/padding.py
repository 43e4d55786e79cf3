"""What PAD and PADV2 share: the output filled with one value, and the input copied into it."""

from codegen.aot.arithmetic.strides import row_major
from codegen.aot.families.movement import Movement, described, whole
from codegen.aot.operands import CONVERT_AGAIN, Activation, expect_shape, integers_of
from contract.errors import UserError
from contract.graph import Model, Operator


def padded(model: Model, operator: Operator, input: Activation, output: Activation, value: int) -> Movement:
    """The movement. The second input holds how many values stand before and behind, for each dimension."""
    paddings = integers_of(model, operator, 1)
    rank = len(input.shape)
    if len(paddings) != 2 * rank or min(paddings) < 0:
        raise UserError(
            f"{operator} pads {input.tensor} of shape {list(input.shape)} by {paddings}; {CONVERT_AGAIN}"
        )
    before, behind = paddings[0::2], paddings[1::2]
    shape = tuple(sum(sizes) for sizes in zip(input.shape, before, behind, strict=True))
    expect_shape(operator, output.tensor, shape)
    strides = row_major(shape)
    start = sum(count * stride for count, stride in zip(before, strides, strict=True))
    copy = whole(input, output, strides, start)
    return Movement(operator, (copy,), described(operator, model, input.tensor), fill=value)
