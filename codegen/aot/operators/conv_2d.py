"""CONV_2D: firmware/engines/aot/conv_2d.h."""

import numpy as np

from codegen.aot import describe
from codegen.aot.operands import (
    CONVERT_AGAIN,
    bias_of,
    expect_accumulators_fit,
    expect_operands,
    expect_shape,
    input_of,
    output_of,
    weights_of,
)
from codegen.aot.quantization import activation_range, convolution_factors, quantize_multipliers
from codegen.aot.requantization import requantization
from codegen.aot.step import Constant, Step
from codegen.aot.windows import windows
from contract.errors import UserError
from contract.flatbuffer import ConvOptions, Model, Operator


def plan(model: Model, operator: Operator, layer: str) -> Step:
    """One call for one convolution. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 4))
    options = operator.options
    assert isinstance(options, ConvOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    weights, weights_quantization = weights_of(model, operator, rank=4)
    if len(input.shape) != 4:
        raise UserError(f"{operator} reads {input.tensor} of shape {list(input.shape)}; {CONVERT_AGAIN}")
    batch, height, width, channels = input.shape
    filters, filter_height, filter_width, filter_channels = weights.shape
    if filter_channels != channels:
        raise UserError(
            f"{operator} has filters of {filter_channels} channels in {weights} for an input of {channels}; "
            "grouped convolutions are not supported"
        )
    rows = windows(options.padding, height, filter_height, options.stride[0], options.dilation[0])
    columns = windows(options.padding, width, filter_width, options.stride[1], options.dilation[1])
    expect_shape(operator, output.tensor, (batch, rows.outputs, columns.outputs, filters))
    bias = bias_of(model, operator, filters, input.quantization, weights_quantization)
    factors = convolution_factors(input.quantization, weights_quantization, output.quantization)
    multipliers = quantize_multipliers(factors, operator)
    values = np.array(weights.values, np.int8)
    expect_accumulators_fit(operator, values.reshape(filters, -1), bias, input.quantization, multipliers)
    return Step(
        layer=layer,
        kernel="conv_2d",
        header="conv_2d.h",
        input=input.index,
        output=output.index,
        parameters={
            "input_height": height,
            "input_width": width,
            "input_channels": channels,
            "output_height": rows.outputs,
            "output_width": columns.outputs,
            "output_channels": filters,
            "filter_height": filter_height,
            "filter_width": filter_width,
            "stride_height": options.stride[0],
            "stride_width": options.stride[1],
            "dilation_height": options.dilation[0],
            "dilation_width": options.dilation[1],
            "padding_top": rows.padding,
            "padding_left": columns.padding,
            "input_zero_point": input.quantization.zero_point,
            "weights": Constant("weights", values, tuple(f"filter {index}" for index in range(filters))),
            "bias": None if bias is None else Constant("bias", bias),
            "requantization": requantization(
                multipliers, output, activation_range(options.activation, output.tensor, operator)
            ),
        },
        description=(
            f"{operator.name}, {options.padding.lower()} padding, {describe.activation(options.activation)}",
            describe.tensor("input", input.tensor),
            describe.tensor("weights", weights),
            describe.tensor("output", output.tensor),
            f"  {output.tensor.elements * values[0].size:,} multiply-accumulates",
        ),
    )
