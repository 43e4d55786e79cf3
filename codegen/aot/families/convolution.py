"""What CONV_2D and DEPTHWISE_CONV_2D share, whatever computes them: how their filter moves over the input."""

from collections.abc import Mapping
from typing import Protocol

from codegen.aot.arithmetic.windows import Windows, windows
from codegen.aot.call import Value
from codegen.aot.operands import Activation
from codegen.aot.overlap import Overlap, image_overlap, reads
from contract.convolution import ConvolutionOptions


class Filtering(Protocol):
    """What is needed of a checked operator whose filter moves over an image."""

    @property
    def options(self) -> ConvolutionOptions: ...
    @property
    def input(self) -> Activation: ...  # (batch, height, width, channels)
    @property
    def output(self) -> Activation: ...  # (batch, rows.outputs, columns.outputs, filters)
    @property
    def rows(self) -> Windows: ...
    @property
    def columns(self) -> Windows: ...


def image_windows(
    options: ConvolutionOptions, image: tuple[int, int], taps: tuple[int, int]
) -> tuple[Windows, Windows]:
    """Where a filter of `taps` (height, width) lies in the rows and in the columns of an image."""
    rows, columns = (
        windows(options.padding, size, count, stride, dilation, margins)
        for size, count, stride, dilation, margins in zip(
            image, taps, options.stride, options.dilation, options.margins, strict=True
        )
    )
    return rows, columns


def convolution_overlap(
    conv: Filtering, taps: tuple[int, int], by_channel: bool = False
) -> Mapping[int, Overlap]:
    """How far the outputs of a filter of `taps` (height, width) may reach into the input, for a kernel that
    writes a pixel when it has read its window, or a channel at a time: image_overlap explains both."""
    batch, height, width, channels = conv.input.shape
    if batch != 1:
        return {}
    rows, columns = (
        reads(windows, size, count, stride, dilation)
        for windows, size, count, stride, dilation in zip(
            (conv.rows, conv.columns),
            (height, width),
            taps,
            conv.options.stride,
            conv.options.dilation,
            strict=True,
        )
    )
    filters = conv.output.shape[3]
    return {conv.input.index: image_overlap(rows, columns, width, channels, filters, by_channel=by_channel)}


def filter_fields(conv: Filtering, taps: tuple[int, int]) -> Mapping[str, Value]:
    """The fields of a kernel for a filter of `taps` (height, width). Dilation means nothing to a single
    tap."""
    dilation = [one if count > 1 else 1 for one, count in zip(conv.options.dilation, taps, strict=True)]
    return {
        "filter_height": taps[0],
        "filter_width": taps[1],
        "stride_height": conv.options.stride[0],
        "stride_width": conv.options.stride[1],
        "dilation_height": dilation[0],
        "dilation_width": dilation[1],
        "padding_top": conv.rows.padding,
        "padding_left": conv.columns.padding,
    }


def windows_inside(conv: Filtering, taps: tuple[int, int]) -> int:
    """How many windows of a filter of `taps` (height, width) lie within one image of the input."""
    inside = 1
    for axis, (side, size) in enumerate(zip((conv.rows, conv.columns), conv.input.shape[1:3], strict=True)):
        reach = (taps[axis] - 1) * conv.options.dilation[axis]
        origins = (place * conv.options.stride[axis] - side.padding for place in range(side.outputs))
        inside *= sum(origin >= 0 and origin + reach < size for origin in origins)
    return inside
