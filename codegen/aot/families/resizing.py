"""What RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR share: the image and its new size."""

from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_shape,
    expect_unchanged_quantization,
    input_of,
    integers_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator


def resized_image(model: Model, operator: Operator) -> tuple[Activation, Activation, tuple[int, int]]:
    """The image (batch, height, width, channels), the resized one, and its height and width. UserError where
    they do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    input, output = input_of(model, operator), output_of(model, operator)
    size = integers_of(model, operator, 1)
    if len(input.shape) != 4 or len(size) != 2 or min(size) < 1:
        raise UserError(
            f"{operator} resizes {input.tensor} of shape {list(input.shape)} to {size}; {CONVERT_AGAIN}"
        )
    expect_unchanged_quantization(operator, input, output)
    batch, _, _, channels = input.shape
    expect_shape(operator, output.tensor, (batch, *size, channels))
    return input, output, (size[0], size[1])
