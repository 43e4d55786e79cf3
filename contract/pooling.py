"""The options of the pooling operators: the schema's Pool2DOptions."""

from dataclasses import dataclass

from contract import options
from contract.tables import Table

POOL_ATTRIBUTES = {
    "padding": "SAME, VALID",
    "window, stride": "any, height and width apart",
    "activation": "NONE, RELU, RELU6, RELU_N1_TO_1",
}


@dataclass(frozen=True)
class PoolOptions:
    padding: str  # SAME or VALID
    stride: tuple[int, int]  # height, width
    window: tuple[int, int]  # height, width
    activation: str  # a name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ...


def read_pool_options(table: Table, where: str) -> PoolOptions:
    return PoolOptions(
        padding=options.padding(table.int8(0), where),
        stride=options.positive((table.int32(2), table.int32(1)), "stride", where),
        window=options.positive((table.int32(4), table.int32(3)), "window", where),
        activation=options.activation(table.int8(5), where),
    )
