"""DEPTHWISE_CONV_2D: firmware/engines/aot/kernels/depthwise_conv_2d.h."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import Multiplier, quantize_multipliers, sum_factors
from codegen.aot.arithmetic.windows import Windows, windows
from codegen.aot.call import Constant, KernelCall, of_batch
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    bias_of,
    expect_accumulators_fit,
    expect_operands,
    expect_shape,
    input_of,
    output_of,
    weights_of,
)
from codegen.aot.requantization import requantization
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.depthwise_conv_2d import DepthwiseOptions


@dataclass(frozen=True)
class Depthwise:
    """A checked DEPTHWISE_CONV_2D: what every variant of its kernel is made from."""

    operator: Operator
    options: DepthwiseOptions
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
    assert isinstance(options, DepthwiseOptions)
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
    rows = windows(options.padding, height, filter_height, options.stride[0], options.dilation[0])
    columns = windows(options.padding, width, filter_width, options.stride[1], options.dilation[1])
    expect_shape(operator, output.tensor, (batch, rows.outputs, columns.outputs, outputs))
    bias = bias_of(model, operator, outputs, input.quantization, weights_quantization)
    factors = sum_factors(input.scale, weights_quantization.scales, output.scale)
    multipliers = quantize_multipliers(factors, str(operator))
    values = np.array(weights.values, np.int8)[0]
    by_channel = values.reshape(-1, outputs).T
    expect_accumulators_fit(operator, by_channel, bias, input.quantization, multipliers)
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
    options = conv.options
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
            "filter_height": filter_height,
            "filter_width": filter_width,
            "stride_height": options.stride[0],
            "stride_width": options.stride[1],
            "dilation_height": options.dilation[0],
            "dilation_width": options.dilation[1],
            "padding_top": conv.rows.padding,
            "padding_left": conv.columns.padding,
            "input_zero_point": conv.input.zero_point,
            "weights": Constant("weights", conv.weights),
            "bias": None if conv.bias is None else Constant("bias", conv.bias),
            "requantization": requantization(conv.multipliers, conv.output, conv.limits),
        },
        description=conv.description,
    )
    return of_batch(call, batch)
