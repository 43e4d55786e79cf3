"""UNPACK."""

from dataclasses import dataclass

from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class UnpackOptions:
    axis: int


def read_options(table: Table, where: str) -> UnpackOptions:
    return UnpackOptions(axis=table.int32(1))


SPEC = OperatorSpec(
    name="UNPACK",
    layer="unpack",
    resolver_method="AddUnpack",
    runs_on=everywhere(2),
    attributes={"axis": "any"},
    options_code=64,
    read_options=read_options,
)
