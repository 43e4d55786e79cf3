"""CONV_2D: firmware/engines/aot/kernels/conv_2d.h."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import (
    Multiplier,
)
from codegen.aot.arithmetic.windows import Windows
from codegen.aot.call import Constant, KernelCall, of_batch
from codegen.aot.families.convolution import convolution_overlap, filter_fields, image_windows
from codegen.aot.families.sums import sums_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_reach,
    expect_shape,
    input_of,
    output_of,
    weights_of,
)
from codegen.aot.requantization import requantization
from contract.convolution import ConvolutionOptions
from contract.errors import UserError
from contract.graph import Model, Operator


@dataclass(frozen=True)
class Convolution:
    """A checked CONV_2D: what every variant of its kernel is made from."""

    operator: Operator
    options: ConvolutionOptions
    input: Activation  # (batch, height, width, channels)
    output: Activation  # (batch, rows.outputs, columns.outputs, filters)
    rows: Windows
    columns: Windows
    weights: NDArray[np.int8]  # (filters, filter height, filter width, channels of a group)
    bias: NDArray[np.int32] | None  # (filters,)
    factors: tuple[float, ...]  # of the requantisation: one, or one for each filter
    multipliers: tuple[Multiplier, ...]  # the same in fixed point
    limits: tuple[int, int]  # of the output, by the fused activation
    description: tuple[str, ...]

    @property
    def groups(self) -> int:
        """Parts of the input's channels, each of which is read by its own part of the filters."""
        return self.input.shape[3] // self.weights.shape[3]

    @property
    def is_pointwise(self) -> bool:
        """Whether each pixel of the output is made from one pixel of the input at the same place."""
        return self.weights.shape[1:3] == (1, 1) and self.options.stride == (1, 1)


def read(model: Model, operator: Operator) -> Convolution:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 4))
    options = operator.options
    assert isinstance(options, ConvolutionOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    weights, weights_quantization = weights_of(model, operator, rank=4)
    if len(input.shape) != 4:
        raise UserError(f"{operator} reads {input.tensor} of shape {list(input.shape)}; {CONVERT_AGAIN}")
    batch, height, width, channels = input.shape
    filters, filter_height, filter_width, filter_channels = weights.shape
    if channels % filter_channels or filters % (channels // filter_channels):
        raise UserError(
            f"{operator} has {filters} filters of {filter_channels} channels in {weights} for an input of "
            f"{channels}, which are no groups; {CONVERT_AGAIN}"
        )
    rows, columns = image_windows(options, (height, width), (filter_height, filter_width))
    expect_reach(operator, rows, columns)
    expect_shape(operator, output.tensor, (batch, rows.outputs, columns.outputs, filters))
    values = np.array(weights.values, np.int8)
    by_filter = values.reshape(filters, -1)
    bias, factors, multipliers = sums_of(model, operator, input, output, by_filter, weights_quantization)
    return Convolution(
        operator=operator,
        options=options,
        input=input,
        output=output,
        rows=rows,
        columns=columns,
        weights=values,
        bias=bias,
        factors=factors,
        multipliers=multipliers,
        limits=output.limits(options.activation, operator),
        description=(
            f"{operator.name}, {options.padding.lower()} padding, {describe.activation(options.activation)}",
            describe.tensor("input", input.tensor),
            describe.tensor("weights", weights),
            describe.tensor("output", output.tensor),
            f"  {output.tensor.elements * values[0].size:,} multiply-accumulates",
        ),
    )


def portable(conv: Convolution) -> KernelCall:
    """The plain kernel, or the one for groups."""
    batch, height, width, channels = conv.input.shape
    filters, filter_height, filter_width, filter_channels = conv.weights.shape
    rows_of = tuple(f"filter {index}" for index in range(filters))
    kernel = "conv_2d" if conv.groups == 1 else "grouped_conv_2d"
    shapes = (
        {
            "input_height": height,
            "input_width": width,
            "input_channels": channels,
            "output_height": conv.rows.outputs,
            "output_width": conv.columns.outputs,
            "output_channels": filters,
        }
        if conv.groups == 1
        else {
            "input_height": height,
            "input_width": width,
            "output_height": conv.rows.outputs,
            "output_width": conv.columns.outputs,
            "groups": conv.groups,
            "channels": filter_channels,
            "filters": filters // conv.groups,
        }
    )
    call = KernelCall(
        operators=(conv.operator,),
        kernel=kernel,
        header=f"kernels/{kernel}.h",
        inputs=(conv.input.index,),
        outputs=(conv.output.index,),
        parameters={
            **shapes,
            **filter_fields(conv, (filter_height, filter_width)),
            "input_zero_point": conv.input.quantization.zero_point,
            "weights": Constant("weights", conv.weights, rows_of),
            "bias": None if conv.bias is None else Constant("bias", conv.bias),
            "requantization": requantization(conv.multipliers, conv.output, conv.limits),
            "backward": 0,
        },
        overlaps=convolution_overlap(conv, (filter_height, filter_width)),
        description=conv.description,
    )
    return of_batch(call, batch)
