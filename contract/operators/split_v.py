"""SPLIT_V."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="SPLIT_V",
    layer="split",
    resolver_method="AddSplitV",
    runs_on=everywhere(2),
    attributes={"axis, sizes": "any, constant"},
)
