"""BATCH_TO_SPACE_ND: copies (firmware/engines/aot/kernels/copy.h)."""

from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.batches import Cut, as_image, block_and_margins, cut_moves
from codegen.aot.families.movement import Movement, described, movement_calls
from codegen.aot.operands import (
    CONVERT_AGAIN,
    expect_operands,
    expect_shape,
    expect_unchanged_quantization,
    input_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(3, 4))
    input, output = input_of(model, operator), output_of(model, operator)
    expect_unchanged_quantization(operator, input, output)
    parts = as_image(input.shape)
    if parts is None:
        raise UserError(f"{operator} reads {input.tensor} of shape {list(input.shape)}; {CONVERT_AGAIN}")
    block, margins = block_and_margins(model, operator, len(input.shape))
    height, width = (
        size * count - sum(margin) for size, count, margin in zip(parts[1:3], block, margins, strict=True)
    )
    batch, rest = divmod(parts[0], block[0] * block[1])
    if rest or min(height, width) < 1:
        raise UserError(
            f"{operator} joins {parts[0]} images in blocks of {list(block)} to {height}x{width} pixels; "
            f"{CONVERT_AGAIN}"
        )
    whole = (batch, height, width, parts[3])
    expect_shape(operator, output.tensor, whole if len(input.shape) == 4 else (batch, height, parts[3]))
    cut = Cut(whole, parts, block, (margins[0][0], margins[1][0]))
    return Movement(
        operator, cut_moves(cut, output, input, to_parts=False), described(operator, model, input.tensor)
    )


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)
