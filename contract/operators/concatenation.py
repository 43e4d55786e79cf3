"""CONCATENATION."""

from dataclasses import dataclass

from contract import options
from contract.operator_spec import OperatorSpec, Support
from contract.tables import Table


@dataclass(frozen=True)
class ConcatenationOptions:
    axis: int
    activation: str


def read_options(table: Table, where: str) -> ConcatenationOptions:
    return ConcatenationOptions(axis=table.int32(0), activation=options.activation(table.int8(1), where))


SPEC = OperatorSpec(
    name="CONCATENATION",
    layer="concatenation",
    resolver_method="AddConcatenation",
    runs_on={"aot": Support(max_version=2)},
    attributes={"axis": "any, negative ones too", "inputs": "any number; some may be constants"},
    limits=("no fused activation",),
    options_code=10,
    read_options=read_options,
)
