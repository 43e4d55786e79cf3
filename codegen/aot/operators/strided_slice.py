"""STRIDED_SLICE: copies (firmware/engines/aot/kernels/copy.h)."""

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
from contract.operators.strided_slice import StridedSliceOptions


def read(model: Model, operator: Operator) -> Movement:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(4, 5))
    options = operator.options
    assert isinstance(options, StridedSliceOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    if options.ellipsis_mask or options.new_axis_mask:
        raise UserError(
            f"{operator} has an ellipsis or a new axis, which TensorFlow Lite Micro has not; {CONVERT_AGAIN}"
        )
    begins, ends, steps = (integers_of(model, operator, place) for place in (1, 2, 3))
    rank = len(input.shape)
    if not len(begins) == len(ends) == len(steps) <= rank or 0 in steps:
        raise UserError(f"{operator} cuts {rank} dimensions by {begins}, {ends} and {steps}; {CONVERT_AGAIN}")
    strides = row_major(input.shape)
    start = 0
    shape, walked = [], []
    for axis, size in enumerate(input.shape):
        first, count, step = 0, size, 1
        if axis < len(begins):
            first, count, step = _cut(options, axis, size, begins[axis], ends[axis], steps[axis])
        start += first * strides[axis]
        if not options.shrink_axis_mask >> axis & 1:
            shape.append(count)
            walked.append(step * strides[axis])
    if 0 in shape:
        raise UserError(f"{operator} leaves nothing of {input.tensor}; {CONVERT_AGAIN}")
    expect_shape(operator, output.tensor, tuple(shape))
    return Movement(
        operator, (to_whole(input, output, walked, start),), described(operator, model, input.tensor)
    )


def _cut(
    options: StridedSliceOptions, axis: int, size: int, begin: int, end: int, step: int
) -> tuple[int, int, int]:
    """First element, number of elements and step of one dimension: StartForAxis and StopForAxis in
    tensorflow/lite/kernels/internal/strided_slice_logic.h, which are Python's slices."""
    if options.shrink_axis_mask >> axis & 1:
        first = min(max(begin + size if begin < 0 else begin, 0), size - 1)
        return first, 1, 1
    bounds = slice(
        None if options.begin_mask >> axis & 1 else begin, None if options.end_mask >> axis & 1 else end, step
    )
    first, stop, _ = bounds.indices(size)
    return first, len(range(first, stop, step)), step


def portable(movement: Movement) -> tuple[KernelCall | Alias, ...]:
    """One copy for each block."""
    return movement_calls(movement)


def constant(model: Model, operator: Operator) -> Values | None:
    """The output where all inputs are constants."""
    options = operator.options
    assert isinstance(options, StridedSliceOptions)
    values = constants_of(model, operator)
    if values is None or options.ellipsis_mask or options.new_axis_mask:
        return None
    data, *cuts = values
    shrunk = []
    for axis, (begin, end, step) in enumerate(zip(*cuts, strict=True)):
        first, count, step = _cut(options, axis, data.shape[axis], int(begin), int(end), int(step))
        data = np.take(data, first + step * np.arange(count), axis)
        if options.shrink_axis_mask >> axis & 1:
            shrunk.append(axis)
    return np.squeeze(data, tuple(shrunk))
