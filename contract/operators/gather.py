"""GATHER."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class GatherOptions:
    axis: int
    batch_dims: int  # leading dimensions that data and positions share


def read_options(table: Table, where: str) -> GatherOptions:
    return GatherOptions(axis=table.int32(0), batch_dims=table.int32(1))


SPEC = OperatorSpec(
    name="GATHER",
    layer="gather",
    resolver_method="AddGather",
    runs_on=everywhere(4),
    attributes={"axis, batch_dims": "any", "positions": "any, constant or INT32 computed before"},
    options_code=23,
    limits=("computed positions outside the axis, undefined in the reference, take the nearest",),
    read_options=read_options,
)
