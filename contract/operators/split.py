"""SPLIT."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="SPLIT",
    layer="split",
    resolver_method="AddSplit",
    runs_on={"aot": Support(max_version=2)},
    attributes={"axis": "any, constant"},
    data_input=1,
)
