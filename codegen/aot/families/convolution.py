"""What CONV_2D and DEPTHWISE_CONV_2D share, whatever computes them: how their filter moves over the input."""

from collections.abc import Mapping

from codegen.aot.arithmetic.windows import Windows, windows
from codegen.aot.call import Value
from codegen.aot.operands import Activation
from codegen.aot.overlap import Overlap, image_overlap, reads
from contract.convolution import ConvolutionOptions


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
    input: Activation,
    output: Activation,
    options: ConvolutionOptions,
    taps: tuple[int, int],
    windows: tuple[Windows, Windows],
    group: int | None = None,
    by_channel: bool = False,
) -> Mapping[int, Overlap]:
    """How far the outputs may reach into the input, for a kernel that reads all of `group` pixels before it
    writes them, or a channel at a time: image_overlap explains both."""
    batch, height, width, channels = input.shape
    if batch != 1:
        return {}
    rows, columns = (
        reads(windows[axis], size, taps[axis], options.stride[axis], options.dilation[axis])
        for axis, size in enumerate((height, width))
    )
    overlap = image_overlap(rows, columns, width, channels, output.shape[3], group, by_channel)
    return {input.index: overlap}


def filter_fields(
    taps: tuple[int, int], options: ConvolutionOptions, rows: Windows, columns: Windows
) -> Mapping[str, Value]:
    """The fields of a kernel for a filter of `taps` (height, width)."""
    return {
        "filter_height": taps[0],
        "filter_width": taps[1],
        "stride_height": options.stride[0],
        "stride_width": options.stride[1],
        "dilation_height": options.dilation[0],
        "dilation_width": options.dilation[1],
        "padding_top": rows.padding,
        "padding_left": columns.padding,
    }
