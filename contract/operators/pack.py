"""PACK."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, Support
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
    runs_on={"aot": Support(max_version=2)},
    attributes={"axis": "any"},
    options_code=59,
    read_options=read_options,
)
