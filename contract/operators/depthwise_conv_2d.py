"""DEPTHWISE_CONV_2D."""

from dataclasses import dataclass

from contract import options
from contract.graph import Model, Operator
from contract.operator_spec import OperatorSpec, Support
from contract.tables import Table


@dataclass(frozen=True)
class DepthwiseOptions:
    """The depth multiplier of the schema is not read: the shapes say it."""

    padding: str  # SAME or VALID
    stride: tuple[int, int]  # height, width
    dilation: tuple[int, int]  # height, width
    activation: str  # a name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ...


def read_options(table: Table, where: str) -> DepthwiseOptions:
    return DepthwiseOptions(
        padding=options.padding(table.int8(0), where),
        stride=options.positive((table.int32(2), table.int32(1)), "stride", where),
        dilation=options.positive((table.int32(6, 1), table.int32(5, 1)), "dilation", where),
        activation=options.activation(table.int8(4), where),
    )


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
    runs_on={
        "aot": Support(max_version=3, per_channel_weights=True),
        "tflm-chirale": Support(max_version=3, per_channel_weights=True),
        "tflm-arduino": Support(max_version=3, per_channel_weights=True),
    },
    attributes={
        "padding": "SAME, VALID",
        "stride, dilation": "any, height and width apart",
        "depth multiplier": "any",
        "activation": "NONE, RELU, RELU6, RELU_N1_TO_1",
        "weights": "int8 constants, per tensor or per output channel, zero point 0",
        "bias": "int32 constants, or none",
    },
    options_code=2,
    read_options=read_options,
    weights_input=1,
    multiply_accumulates=window_products,
    cortex_m_scratch_bytes=im2col_bytes,
)
