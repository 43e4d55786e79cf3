"""DEPTHWISE_CONV_2D."""

from contract.convolution import MOVEMENT, OPERANDS, ConvolutionOptions, read_convolution_options, runs_on
from contract.graph import Model, Operator
from contract.operator_spec import OperatorSpec
from contract.tables import Table


def read_options(table: Table, where: str) -> ConvolutionOptions:
    """The depth multiplier of the schema, field 3, is not read: the shapes say it."""
    return read_convolution_options(table, where, activation=4)


def window_products(model: Model, operator: Operator) -> int:
    """Output elements times the taps of the filter, whose shape is (1, height, width, output channels)."""
    _, height, width, _ = model.tensors[operator.inputs[1]].shape
    return model.tensors[operator.outputs[0]].elements * height * width


def im2col_bytes(model: Model, operator: Operator) -> int:
    """CMSIS-NN unrolls one window to 16 bits: input channels * filter height * filter width * 2 bytes."""
    channels = model.tensors[operator.inputs[0]].shape[-1]
    _, height, width, _ = model.tensors[operator.inputs[1]].shape
    return 2 * channels * height * width


SPEC = OperatorSpec(
    name="DEPTHWISE_CONV_2D",
    layer="depthwise",
    resolver_method="AddDepthwiseConv2D",
    runs_on=runs_on(3, libraries=3),
    attributes=MOVEMENT | {"depth multiplier": "any"} | OPERANDS,
    options_code=2,
    read_options=read_options,
    weights_input=1,
    multiply_accumulates=window_products,
    cortex_m_scratch_bytes=im2col_bytes,
)
