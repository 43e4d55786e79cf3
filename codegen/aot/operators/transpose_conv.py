"""TRANSPOSE_CONV: firmware/engines/aot/kernels/transpose_conv.h."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import Multiplier
from codegen.aot.arithmetic.windows import Windows, windows
from codegen.aot.call import Constant, KernelCall, of_batch
from codegen.aot.families.sums import sums_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_reach,
    integers_of,
    operand_of,
    output_of,
    weights_of,
)
from codegen.aot.requantization import requantization
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.transpose_conv import TransposeConvOptions


@dataclass(frozen=True)
class TransposeConv:
    """A checked TRANSPOSE_CONV."""

    operator: Operator
    options: TransposeConvOptions
    input: Activation  # (batch, rows.outputs, columns.outputs, channels)
    output: Activation  # (batch, height, width, filters)
    rows: Windows  # of the convolution from the output to the input
    columns: Windows
    weights: NDArray[np.int8]  # (filters, filter height, filter width, channels)
    bias: NDArray[np.int32] | None  # (filters,)
    multipliers: tuple[Multiplier, ...]
    limits: tuple[int, int]  # of the output, by the fused activation
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> TransposeConv:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(3, 5))
    options = operator.options
    assert isinstance(options, TransposeConvOptions)
    shape = tuple(integers_of(model, operator, 0))
    input, output = operand_of(model, operator, 2), output_of(model, operator)
    weights, weights_quantization = weights_of(model, operator, rank=4)
    filters, filter_height, filter_width, channels = weights.shape
    if len(input.shape) != 4 or len(shape) != 4 or shape != output.shape or input.tensor.data is not None:
        raise UserError(
            f"{operator} turns {input.tensor} of shape {list(input.shape)} into {list(shape)}; "
            f"{CONVERT_AGAIN}"
        )
    # ComputePaddingHeightWidth in tensorflow/lite/kernels/padding.h, for the size of the output.
    rows = windows(options.padding, shape[1], filter_height, options.stride[0])
    columns = windows(options.padding, shape[2], filter_width, options.stride[1])
    expect_reach(operator, rows, columns)
    if input.shape != (shape[0], rows.outputs, columns.outputs, channels) or shape[3] != filters:
        raise UserError(
            f"{operator} has weights of shape {list(weights.shape)} in {weights} for {list(input.shape)} to "
            f"{list(shape)}; {CONVERT_AGAIN}"
        )
    values = np.array(weights.values, np.int8)
    by_filter = values.reshape(filters, -1)
    bias, _, multipliers = sums_of(
        model, operator, input, output, by_filter, weights_quantization, bias_place=3
    )
    return TransposeConv(
        operator=operator,
        options=options,
        input=input,
        output=output,
        rows=rows,
        columns=columns,
        weights=values,
        bias=bias,
        multipliers=multipliers,
        limits=output.limits(options.activation, operator),
        description=(
            f"{operator.name}, {options.padding.lower()} padding, {describe.activation(options.activation)}",
            describe.tensor("input", input.tensor),
            describe.tensor("weights", weights),
            describe.tensor("output", output.tensor),
            f"  {input.tensor.elements * values[..., 0].size:,} multiply-accumulates",
        ),
    )


def portable(conv: TransposeConv) -> KernelCall:
    """The plain kernel."""
    batch, height, width, channels = conv.input.shape
    filters, filter_height, filter_width, _ = conv.weights.shape
    rows_of = tuple(f"filter {index}" for index in range(filters))
    call = KernelCall(
        operators=(conv.operator,),
        kernel="transpose_conv",
        header="kernels/transpose_conv.h",
        inputs=(conv.input.index,),
        outputs=(conv.output.index,),
        parameters={
            "input_height": height,
            "input_width": width,
            "channels": channels,
            "output_height": conv.output.shape[1],
            "output_width": conv.output.shape[2],
            "filters": filters,
            "filter_height": filter_height,
            "filter_width": filter_width,
            "stride_height": conv.options.stride[0],
            "stride_width": conv.options.stride[1],
            "padding_top": conv.rows.padding,
            "padding_left": conv.columns.padding,
            "input_zero_point": conv.input.zero_point,
            "weights": Constant("weights", conv.weights, rows_of),
            "bias": None if conv.bias is None else Constant("bias", conv.bias),
            "requantization": requantization(conv.multipliers, conv.output, conv.limits),
        },
        description=conv.description,
    )
    return of_batch(call, batch)
