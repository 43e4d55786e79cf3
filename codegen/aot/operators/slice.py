"""SLICE: copies (firmware/engines/aot/kernels/copy.h)."""

import numpy as np

from codegen.aot.arithmetic.strides import row_major
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.movement import Movement, described, movement_calls, to_whole
from codegen.aot.families.values import Values, constants_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    expect_operands,
    expect_shape,
    input_of,
    integers_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(3, 4))
    input, output = input_of(model, operator), output_of(model, operator)
    begins, sizes = integers_of(model, operator, 1), integers_of(model, operator, 2)
    if len(begins) != len(input.shape) or len(sizes) != len(input.shape):
        raise UserError(f"{operator} cuts {len(begins)} of {len(input.shape)} dimensions; {CONVERT_AGAIN}")
    shape = [
        whole_size - begin if size == -1 else size
        for whole_size, begin, size in zip(input.shape, begins, sizes, strict=True)
    ]
    ends = [begin + size for begin, size in zip(begins, shape, strict=True)]
    if min(begins) < 0 or any(end > size for end, size in zip(ends, input.shape, strict=True)):
        raise UserError(
            f"{operator} reads outside {input.tensor} of shape {list(input.shape)}; {CONVERT_AGAIN}"
        )
    expect_shape(operator, output.tensor, tuple(shape))
    strides = row_major(input.shape)
    start = sum(begin * stride for begin, stride in zip(begins, strides, strict=True))
    return Movement(
        operator, (to_whole(input, output, strides, start),), described(operator, model, input.tensor)
    )


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)


def constant(model: Model, operator: Operator) -> Values | None:
    """The output where all inputs are constants."""
    values = constants_of(model, operator)
    if values is None:
        return None
    data, begins, sizes = values
    ends = [None if size == -1 else begin + size for begin, size in zip(begins, sizes, strict=True)]
    return np.ascontiguousarray(data[tuple(map(slice, begins, ends))])
