"""MIRROR_PAD: copies (firmware/engines/aot/kernels/copy.h)."""

import itertools
from dataclasses import dataclass

from codegen.aot.arithmetic.strides import row_major
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, described, move, movement_calls
from codegen.aot.operands import (
    CONVERT_AGAIN,
    expect_operands,
    expect_shape,
    expect_unchanged_quantization,
    input_of,
    integers_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.mirror_pad import MirrorPadOptions


@dataclass(frozen=True)
class Part:
    """A run of outputs along one dimension, and the inputs that it is made from."""

    output: int  # the first
    input: int  # the first
    count: int
    step: int  # of the inputs: 1, or -1 where they are mirrored


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    options = operator.options
    assert isinstance(options, MirrorPadOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    expect_unchanged_quantization(operator, input, output)
    paddings = integers_of(model, operator, 1)
    rank = len(input.shape)
    edge = int(options.reflect)
    if len(paddings) != 2 * rank or any(
        not 0 <= padding <= size - edge
        for size, pair in zip(input.shape, zip(paddings[0::2], paddings[1::2], strict=True), strict=False)
        for padding in pair
    ):
        raise UserError(
            f"{operator} pads {input.tensor} of shape {list(input.shape)} by {paddings}, more than it "
            "can mirror; "
            f"{CONVERT_AGAIN}"
        )
    before, behind = paddings[0::2], paddings[1::2]
    shape = tuple(sum(sizes) for sizes in zip(input.shape, before, behind, strict=True))
    expect_shape(operator, output.tensor, shape)
    parts = [_parts(*sizes, edge) for sizes in zip(input.shape, before, behind, strict=True)]
    from_strides, to_strides = row_major(input.shape), row_major(shape)
    moves = tuple(
        move(
            input,
            output,
            [part.count for part in chosen],
            [part.step * stride for part, stride in zip(chosen, from_strides, strict=True)],
            to_strides,
            sum(part.input * stride for part, stride in zip(chosen, from_strides, strict=True)),
            sum(part.output * stride for part, stride in zip(chosen, to_strides, strict=True)),
        )
        for chosen in itertools.product(*parts)
    )
    return Movement(operator, moves, described(operator, model, input.tensor))


def _parts(size: int, before: int, behind: int, edge: int) -> list[Part]:
    """GetInputDimension in tensorflow/lite/micro/kernels/mirror_pad.cc: mirrored, as it is, mirrored."""
    parts = [
        Part(0, before - 1 + edge, before, -1),
        Part(before, 0, size, 1),
        Part(before + size, size - 1 - edge, behind, -1),
    ]
    return [part for part in parts if part.count]


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)
