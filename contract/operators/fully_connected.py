"""FULLY_CONNECTED.

The Arduino libraries are from before TensorFlow Lite Micro knew per-channel weights here: they take the first
channel's scale for every channel and say nothing (TFLM refuses such models since PR 2602, May 2024, and runs
them since PR 2673, September 2024).
"""

from dataclasses import dataclass

from contract import options
from contract.operator_spec import FLOAT32_FACTOR, OperatorSpec, Support, window_products
from contract.tables import Table


@dataclass(frozen=True)
class FullyConnectedOptions:
    activation: str  # a name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ...
    weights_format: int  # 0 is the row-major default
    keep_num_dims: bool


def read_options(table: Table, where: str) -> FullyConnectedOptions:
    return FullyConnectedOptions(
        activation=options.activation(table.int8(0), where),
        weights_format=table.int8(1),
        keep_num_dims=bool(table.uint8(2)),
    )


SPEC = OperatorSpec(
    name="FULLY_CONNECTED",
    layer="dense",
    resolver_method="AddFullyConnected",
    runs_on={
        "aot": Support(max_version=12, per_channel_weights=True),
        "tflm-chirale": Support(max_version=4, differs=FLOAT32_FACTOR),
        "tflm-arduino": Support(max_version=4, differs=FLOAT32_FACTOR),
    },
    attributes={
        "activation": "NONE, RELU, RELU6, RELU_N1_TO_1",
        "keep_num_dims": "false, true",
        "weights": "int8 constants, per tensor or per unit, zero point 0",
        "bias": "int32 constants, or none",
    },
    limits=("weights in the default, row-major format",),
    options_code=8,
    read_options=read_options,
    weights_input=1,
    multiply_accumulates=window_products,
)
