"""SQUEEZE."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="SQUEEZE",
    layer="squeeze",
    resolver_method="AddSqueeze",
    runs_on={"aot": Support(max_version=2)},
    attributes={"dimensions": "any of size 1"},
)
