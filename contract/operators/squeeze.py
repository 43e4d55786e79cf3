"""SQUEEZE."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="SQUEEZE",
    layer="squeeze",
    resolver_method="AddSqueeze",
    runs_on=everywhere(2),
    attributes={"dimensions": "any of size 1"},
)
