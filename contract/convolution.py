"""What CONV_2D and DEPTHWISE_CONV_2D share: options, attributes, and who runs them."""

from collections.abc import Mapping
from dataclasses import dataclass

from contract import options
from contract.operator_spec import Support
from contract.tables import Table


def runs_on(version: int, libraries: int) -> Mapping[str, Support]:
    """Support by the ahead-of-time engine, and by both Arduino libraries."""
    return {
        "aot": Support(version, per_channel_weights=True),
        "tflm-chirale": Support(libraries, per_channel_weights=True),
        "tflm-arduino": Support(libraries, per_channel_weights=True),
    }


MOVEMENT = {"padding": "SAME, VALID", "stride, dilation": "any, height and width apart"}
OPERANDS = {
    "activation": "NONE, RELU, RELU6, RELU_N1_TO_1",
    "weights": "int8 constants, per tensor or per output channel, zero point 0",
    "bias": "int32 constants, or none",
}


@dataclass(frozen=True)
class ConvolutionOptions:
    padding: str  # SAME or VALID
    stride: tuple[int, int]  # height, width
    dilation: tuple[int, int]  # height, width
    activation: str  # a name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ...
    # Pixels of the zero point around the image, before and behind it in height and width, to which the
    # padding comes on top: none in a flatbuffer, but what a PAD before the convolution adds.
    margins: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))


def read_convolution_options(table: Table, where: str, activation: int) -> ConvolutionOptions:
    """`activation` is the number of that field; the dilations of width and height stand behind it."""
    width, height = activation + 1, activation + 2
    return ConvolutionOptions(
        padding=options.padding(table.int8(0), where),
        stride=options.positive((table.int32(2), table.int32(1)), "stride", where),
        dilation=options.positive((table.int32(height, 1), table.int32(width, 1)), "dilation", where),
        activation=options.activation(table.int8(activation), where),
    )
