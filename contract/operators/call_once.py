"""CALL_ONCE."""

from dataclasses import dataclass

from contract.operator_spec import WITH_VARIABLES, OperatorSpec, Support
from contract.tables import Table


@dataclass(frozen=True)
class CallOnceOptions:
    subgraph: int  # that gives the variables their first values


def read_options(table: Table, where: str) -> CallOnceOptions:
    return CallOnceOptions(table.int32(0))


SPEC = OperatorSpec(
    name="CALL_ONCE",
    layer="call_once",
    resolver_method="AddCallOnce",
    runs_on={"aot": Support(max_version=1)},
    limits=("a subgraph that assigns constants to variables",),
    options_code=103,
    read_options=read_options,
    input_types=(),
    output_types=(),
    rewritten=WITH_VARIABLES,
)
