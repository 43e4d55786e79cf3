"""DEPTHWISE_CONV_2D: firmware/engines/aot/kernels/depthwise_conv_2d.h."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import Multiplier
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
class Depthwise:
    """A checked DEPTHWISE_CONV_2D: what every variant of its kernel is made from."""

    operator: Operator
    options: ConvolutionOptions
    input: Activation  # (batch, height, width, channels)
    output: Activation  # (batch, rows.outputs, columns.outputs, channels * depth multiplier)
    rows: Windows
    columns: Windows
    weights: NDArray[np.int8]  # (filter height, filter width, output channels)
    bias: NDArray[np.int32] | None  # (output channels,)
    factors: tuple[float, ...]  # of the requantisation: one, or one for each output channel
    multipliers: tuple[Multiplier, ...]  # the same in fixed point
    limits: tuple[int, int]  # of the output, by the fused activation
    description: tuple[str, ...]

    @property
    def depth_multiplier(self) -> int:
        """Output channels for each input channel."""
        return self.weights.shape[2] // self.input.shape[3]

    @property
    def filters(self) -> NDArray[np.int8]:
        """The weights as those of a convolution: (output channels, filter height, filter width)."""
        return np.ascontiguousarray(self.weights.transpose(2, 0, 1))


def read(model: Model, operator: Operator) -> Depthwise:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 4))
    options = operator.options
    assert isinstance(options, ConvolutionOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    weights, weights_quantization = weights_of(model, operator, rank=4, dimension=3)
    if len(input.shape) != 4:
        raise UserError(f"{operator} reads {input.tensor} of shape {list(input.shape)}; {CONVERT_AGAIN}")
    batch, height, width, channels = input.shape
    one, filter_height, filter_width, outputs = weights.shape
    if one != 1 or outputs % channels:
        raise UserError(
            f"{operator} has weights of shape {list(weights.shape)} in {weights} for an input of {channels} "
            f"channels; {CONVERT_AGAIN}"
        )
    rows, columns = image_windows(options, (height, width), (filter_height, filter_width))
    expect_reach(operator, rows, columns)
    expect_shape(operator, output.tensor, (batch, rows.outputs, columns.outputs, outputs))
    values = np.array(weights.values, np.int8)[0]
    by_channel = values.reshape(-1, outputs).T
    bias, factors, multipliers = sums_of(model, operator, input, output, by_channel, weights_quantization)
    return Depthwise(
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
            f"  {output.tensor.elements * filter_height * filter_width:,} multiply-accumulates",
        ),
    )


def portable(conv: Depthwise) -> KernelCall:
    """The plain kernel."""
    batch, height, width, channels = conv.input.shape
    filter_height, filter_width, _ = conv.weights.shape
    call = KernelCall(
        operators=(conv.operator,),
        kernel="depthwise_conv_2d",
        header="kernels/depthwise_conv_2d.h",
        inputs=(conv.input.index,),
        outputs=(conv.output.index,),
        parameters={
            "input_height": height,
            "input_width": width,
            "input_channels": channels,
            "depth_multiplier": conv.depth_multiplier,
            "output_height": conv.rows.outputs,
            "output_width": conv.columns.outputs,
            **filter_fields(conv, (filter_height, filter_width)),
            "input_zero_point": conv.input.zero_point,
            "weights": Constant("weights", conv.weights),
            "bias": None if conv.bias is None else Constant("bias", conv.bias),
            "requantization": requantization(conv.multipliers, conv.output, conv.limits),
            "backward": 0,
        },
        overlaps=convolution_overlap(
            conv, (filter_height, filter_width), by_channel=conv.depth_multiplier == 1
        ),
        description=conv.description,
    )
    return of_batch(call, batch)
