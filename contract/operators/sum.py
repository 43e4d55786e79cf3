"""SUM."""

from contract.operator_spec import OperatorSpec, Support
from contract.reducer import ATTRIBUTES, OPTIONS_CODE, read_options

SPEC = OperatorSpec(
    name="SUM",
    layer="sum",
    resolver_method="AddSum",
    runs_on={"aot": Support(max_version=2)},
    attributes=ATTRIBUTES,
    options_code=OPTIONS_CODE,
    read_options=read_options,
)
