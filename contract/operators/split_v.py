"""SPLIT_V."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="SPLIT_V",
    layer="split",
    resolver_method="AddSplitV",
    runs_on={"aot": Support(max_version=2)},
    attributes={"axis, sizes": "any, constant"},
)
