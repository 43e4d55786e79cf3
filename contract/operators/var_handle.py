"""VAR_HANDLE."""

from dataclasses import dataclass

from contract.operator_spec import WITH_VARIABLES, OperatorSpec, Support
from contract.tables import Table


@dataclass(frozen=True)
class VarHandleOptions:
    container: str
    name: str


def read_options(table: Table, where: str) -> VarHandleOptions:
    return VarHandleOptions(container=table.string(0), name=table.string(1))


SPEC = OperatorSpec(
    name="VAR_HANDLE",
    layer="var_handle",
    resolver_method="AddVarHandle",
    runs_on={"aot": Support(max_version=1)},
    options_code=111,
    read_options=read_options,
    input_types=(),
    output_types=(),
    rewritten=WITH_VARIABLES,
)
