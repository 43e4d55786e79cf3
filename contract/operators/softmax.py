"""SOFTMAX."""

import math
from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import FlatbufferError, Table


@dataclass(frozen=True)
class SoftmaxOptions:
    beta: float  # above 0


def read_options(table: Table, where: str) -> SoftmaxOptions:
    beta = table.float32(0)
    if not (math.isfinite(beta) and beta > 0):
        raise FlatbufferError(f"{where} has the beta {beta}")
    return SoftmaxOptions(beta)


SPEC = OperatorSpec(
    name="SOFTMAX",
    layer="softmax",
    resolver_method="AddSoftmax",
    runs_on=everywhere(2),
    attributes={"beta": "any above 0", "axis": "the last one"},
    limits=("at most 4,095 classes", "an output of scale 1/256 and zero point -128"),
    options_code=9,
    read_options=read_options,
)
