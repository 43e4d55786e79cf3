"""PACK."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class PackOptions:
    axis: int


def read_options(table: Table, where: str) -> PackOptions:
    return PackOptions(axis=table.int32(1))


SPEC = OperatorSpec(
    name="PACK",
    layer="pack",
    resolver_method="AddPack",
    runs_on=everywhere(2),
    attributes={"axis": "any"},
    options_code=59,
    read_options=read_options,
)
