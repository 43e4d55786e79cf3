"""SPACE_TO_BATCH_ND: copies (firmware/engines/aot/kernels/copy.h)."""

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
    whole = as_image(input.shape)
    if whole is None:
        raise UserError(f"{operator} reads {input.tensor} of shape {list(input.shape)}; {CONVERT_AGAIN}")
    block, margins = block_and_margins(model, operator, len(input.shape))
    padded = [size + sum(margin) for size, margin in zip(whole[1:3], margins, strict=True)]
    if any(size % count for size, count in zip(padded, block, strict=True)):
        raise UserError(
            f"{operator} cuts {padded} padded pixels into blocks of {list(block)}; {CONVERT_AGAIN}"
        )
    rows, columns = (size // count for size, count in zip(padded, block, strict=True))
    parts = (whole[0] * block[0] * block[1], rows, columns, whole[3])
    expect_shape(operator, output.tensor, parts if len(input.shape) == 4 else (parts[0], rows, parts[3]))
    cut = Cut(whole, parts, block, (margins[0][0], margins[1][0]))
    is_padded = any(sum(margin) for margin in margins)
    return Movement(
        operator,
        cut_moves(cut, input, output, to_parts=True),
        described(operator, model, input.tensor),
        fill=PADDING if is_padded else None,
    )


# What the reference pads with, whatever the zero point is: SpaceToBatchNDPrepare in
# tensorflow/lite/micro/kernels/space_to_batch_nd.cc sets no value, so that it is what its memory held before:
# zeros on a board that has just started.
PADDING = 0


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)
