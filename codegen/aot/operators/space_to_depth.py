"""SPACE_TO_DEPTH: copies (firmware/engines/aot/kernels/copy.h)."""

from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.blocks import blocks_of
from codegen.aot.families.movement import Movement, described, move, movement_calls
from codegen.aot.operands import (
    CONVERT_AGAIN,
    expect_operands,
    expect_shape,
    input_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.space_to_depth import SpaceToDepthOptions


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    options = operator.options
    assert isinstance(options, SpaceToDepthOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    block = options.block_size
    if len(input.shape) != 4 or block < 1 or input.shape[1] % block or input.shape[2] % block:
        raise UserError(
            f"{operator} has blocks of {block} for {input.tensor} of shape {list(input.shape)}; "
            f"{CONVERT_AGAIN}"
        )
    batch, height, width, channels = input.shape
    expect_shape(operator, output.tensor, (batch, height // block, width // block, channels * block * block))
    blocks = blocks_of(batch, height // block, width // block, channels, block)
    moved = move(input, output, blocks.sizes, blocks.image, blocks.stacked)
    return Movement(operator, (moved,), described(operator, model, input.tensor))


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)
