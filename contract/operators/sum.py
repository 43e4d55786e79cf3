"""SUM."""

from contract.operator_spec import OperatorSpec
from contract.reducer import ATTRIBUTES, OPTIONS_CODE, read_options, sums_everywhere

SPEC = OperatorSpec(
    name="SUM",
    layer="sum",
    resolver_method="AddSum",
    runs_on=sums_everywhere(2, "it is scaled in float32, and wraps where it leaves int8"),
    attributes=ATTRIBUTES,
    options_code=OPTIONS_CODE,
    read_options=read_options,
)
