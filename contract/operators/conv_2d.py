"""CONV_2D."""

import math
from dataclasses import dataclass

from contract import options
from contract.graph import Model, Operator
from contract.operator_spec import OperatorSpec, Support, window_products
from contract.tables import Table


@dataclass(frozen=True)
class ConvOptions:
    padding: str  # SAME or VALID
    stride: tuple[int, int]  # height, width
    dilation: tuple[int, int]  # height, width
    activation: str  # a name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ...


def read_options(table: Table, where: str) -> ConvOptions:
    return ConvOptions(
        padding=options.padding(table.int8(0), where),
        stride=options.positive((table.int32(2), table.int32(1)), "stride", where),
        dilation=options.positive((table.int32(5, 1), table.int32(4, 1)), "dilation", where),
        activation=options.activation(table.int8(3), where),
    )


def im2col_bytes(model: Model, operator: Operator) -> int:
    """CMSIS-NN unrolls two input patches to 16 bits each (im2col): filter height * filter width * input
    channels * 2 bytes, twice."""
    return 2 * 2 * math.prod(model.tensors[operator.inputs[1]].shape[1:])


SPEC = OperatorSpec(
    name="CONV_2D",
    layer="conv",
    resolver_method="AddConv2D",
    runs_on={
        "aot": Support(max_version=3, per_channel_weights=True),
        "tflm-chirale": Support(max_version=3, per_channel_weights=True),
        "tflm-arduino": Support(max_version=3, per_channel_weights=True),
    },
    attributes={
        "padding": "SAME, VALID",
        "stride, dilation": "any, height and width apart",
        "activation": "NONE, RELU, RELU6, RELU_N1_TO_1",
        "weights": "int8 constants, per tensor or per output channel, zero point 0",
        "bias": "int32 constants, or none",
    },
    limits=("one group: filters have as many channels as the input",),
    options_code=1,
    read_options=read_options,
    weights_input=1,
    multiply_accumulates=window_products,
    cortex_m_scratch_bytes=im2col_bytes,
)
