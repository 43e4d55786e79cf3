"""REDUCE_MAX."""

from contract.operator_spec import OperatorSpec, Support
from contract.reducer import ATTRIBUTES, OPTIONS_CODE, read_options

SPEC = OperatorSpec(
    name="REDUCE_MAX",
    layer="reduce_max",
    resolver_method="AddReduceMax",
    runs_on={"aot": Support(max_version=3)},
    attributes=ATTRIBUTES,
    limits=("input and output have the same scale and zero point",),
    options_code=OPTIONS_CODE,
    read_options=read_options,
)
