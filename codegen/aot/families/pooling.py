"""What the pooling operators share: everything checked, and the fields that their plain kernels begin
with."""

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.arithmetic.windows import Windows, windows
from codegen.aot.call import Value
from codegen.aot.channels import Channels, alike, channels_of, clipped
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_reach,
    expect_same_quantization,
    expect_shape,
    input_of,
    output_of,
)
from codegen.aot.overlap import Overlap, image_overlap, reads
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.pooling import PoolOptions


@dataclass(frozen=True)
class Pooling:
    """A checked pooling: what every variant of its kernel is made from."""

    operator: Operator
    options: PoolOptions
    input: Activation  # (batch, height, width, channels)
    output: Activation  # (batch, rows.outputs, columns.outputs, channels)
    rows: Windows
    columns: Windows
    limits: tuple[int, int]  # of the output, by the fused activation
    description: tuple[str, ...]

    @property
    def reaches_outside(self) -> bool:
        """Whether some window is clipped by the edges of the input."""
        return any(
            windows.padding > 0 or (windows.outputs - 1) * stride + taps > inputs
            for windows, stride, taps, inputs in zip(
                (self.rows, self.columns),
                self.options.stride,
                self.options.window,
                self.input.shape[1:3],
                strict=True,
            )
        )


def read_pooling(model: Model, operator: Operator) -> Pooling:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    options = operator.options
    assert isinstance(options, PoolOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    if len(input.shape) != 4:
        raise UserError(f"{operator} reads {input.tensor} of shape {list(input.shape)}; {CONVERT_AGAIN}")
    batch, height, width, channels = input.shape
    rows = windows(options.padding, height, options.window[0], options.stride[0])
    columns = windows(options.padding, width, options.window[1], options.stride[1])
    expect_reach(operator, rows, columns)
    expect_shape(operator, output.tensor, (batch, rows.outputs, columns.outputs, channels))
    expect_same_quantization(operator, input, output)
    return Pooling(
        operator=operator,
        options=options,
        input=input,
        output=output,
        rows=rows,
        columns=columns,
        limits=output.limits(options.activation, operator),
        description=(
            f"{operator.name}, {options.padding.lower()} padding, {describe.activation(options.activation)}",
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def pooling_overlap(pool: Pooling) -> Mapping[int, Overlap]:
    """How far the outputs of a plain pooling kernel may reach into its input: it walks forward."""
    batch, height, width, channels = pool.input.shape
    if batch != 1:
        return {}
    options = pool.options
    rows = reads(pool.rows, height, options.window[0], options.stride[0])
    columns = reads(pool.columns, width, options.window[1], options.stride[1])
    overlap = image_overlap(rows, columns, width, channels, channels, by_channel=True)
    return {pool.input.index: Overlap(overlap.most)}


def pooling_fields(pool: Pooling) -> Mapping[str, Value]:
    """The parameters of a plain pooling kernel."""
    _, height, width, channels = pool.input.shape
    options = pool.options
    return {
        "input_height": height,
        "input_width": width,
        "channels": channels,
        "output_height": pool.rows.outputs,
        "output_width": pool.columns.outputs,
        "window_height": options.window[0],
        "window_width": options.window[1],
        "stride_height": options.stride[0],
        "stride_width": options.stride[1],
        "padding_top": pool.rows.padding,
        "padding_left": pool.columns.padding,
        "minimum": pool.limits[0],
        "maximum": pool.limits[1],
    }


@channels_of.register
def _(pool: Pooling) -> Channels | None:
    """The greatest and the mean of some values lie between them."""
    ends = [(one.index, one.shape[-1]) for one in (pool.input, pool.output)]
    return alike(ends[:1], ends[1], lambda reaches: clipped(reaches[0], pool.limits))
