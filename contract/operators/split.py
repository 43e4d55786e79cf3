"""SPLIT."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="SPLIT",
    layer="split",
    resolver_method="AddSplit",
    runs_on=everywhere(2),
    attributes={"axis": "any, constant"},
    data_input=1,
)
