"""CONCATENATION."""

from dataclasses import dataclass

from contract import options
from contract.graph import Model, Operator
from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table

MOST_INPUTS = 10  # that the Arduino libraries have room for


@dataclass(frozen=True)
class ConcatenationOptions:
    axis: int
    activation: str


def read_options(table: Table, where: str) -> ConcatenationOptions:
    return ConcatenationOptions(axis=table.int32(0), activation=options.activation(table.int8(1), where))


def many_inputs(model: Model, operator: Operator) -> str:
    count = len(operator.inputs)
    return f"joins {count} tensors" if count > MOST_INPUTS else ""


SPEC = OperatorSpec(
    name="CONCATENATION",
    layer="concatenation",
    resolver_method="AddConcatenation",
    runs_on=everywhere(2, obstacle=many_inputs),
    attributes={"axis": "any, negative ones too", "inputs": "any number; some may be constants"},
    limits=("no fused activation",),
    options_code=10,
    read_options=read_options,
)
