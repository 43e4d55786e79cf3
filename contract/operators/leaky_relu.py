"""LEAKY_RELU."""

import math
from dataclasses import dataclass

from contract.operator_spec import FLOAT32_FACTOR, OperatorSpec, everywhere
from contract.tables import FlatbufferError, Table


@dataclass(frozen=True)
class LeakyReluOptions:
    alpha: float  # the slope below zero


def read_options(table: Table, where: str) -> LeakyReluOptions:
    alpha = table.float32(0)
    if not math.isfinite(alpha):
        raise FlatbufferError(f"{where} has the alpha {alpha}")
    return LeakyReluOptions(alpha)


SPEC = OperatorSpec(
    name="LEAKY_RELU",
    layer="leaky_relu",
    resolver_method="AddLeakyRelu",
    runs_on=everywhere(2, arduino=FLOAT32_FACTOR),
    attributes={"alpha": "any"},
    options_code=75,
    read_options=read_options,
)
