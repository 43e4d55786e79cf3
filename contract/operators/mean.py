"""MEAN."""

from contract.operator_spec import OperatorSpec
from contract.reducer import ATTRIBUTES, OPTIONS_CODE, read_options, sums_everywhere

SPEC = OperatorSpec(
    name="MEAN",
    layer="mean",
    resolver_method="AddMean",
    runs_on=sums_everywhere(2, "it is scaled in float32"),
    attributes=ATTRIBUTES,
    options_code=OPTIONS_CODE,
    read_options=read_options,
)
