"""MAX_POOL_2D: firmware/engines/aot/max_pool_2d.h."""

from codegen.aot import describe
from codegen.aot.operands import (
    CONVERT_AGAIN,
    expect_operands,
    expect_same_quantization,
    expect_shape,
    input_of,
    output_of,
)
from codegen.aot.quantization import activation_range
from codegen.aot.step import Step
from codegen.aot.windows import windows
from contract.errors import UserError
from contract.flatbuffer import Model, Operator, PoolOptions


def plan(model: Model, operator: Operator, layer: str) -> Step:
    """One call for one pooling. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    options = operator.options
    assert isinstance(options, PoolOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    if len(input.shape) != 4:
        raise UserError(f"{operator} reads {input.tensor} of shape {list(input.shape)}; {CONVERT_AGAIN}")
    batch, height, width, channels = input.shape
    rows = windows(options.padding, height, options.window[0], options.stride[0])
    columns = windows(options.padding, width, options.window[1], options.stride[1])
    expect_shape(operator, output.tensor, (batch, rows.outputs, columns.outputs, channels))
    expect_same_quantization(operator, input, output)
    minimum, maximum = activation_range(options.activation, output.tensor, operator)
    return Step(
        layer=layer,
        kernel="max_pool_2d",
        header="max_pool_2d.h",
        input=input.index,
        output=output.index,
        parameters={
            "input_height": height,
            "input_width": width,
            "channels": channels,
            "output_height": rows.outputs,
            "output_width": columns.outputs,
            "window_height": options.window[0],
            "window_width": options.window[1],
            "stride_height": options.stride[0],
            "stride_width": options.stride[1],
            "padding_top": rows.padding,
            "padding_left": columns.padding,
            "minimum": minimum,
            "maximum": maximum,
        },
        description=(
            f"{operator.name}, {options.padding.lower()} padding, {describe.activation(options.activation)}",
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )
