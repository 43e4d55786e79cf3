"""PRELU."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="PRELU",
    layer="prelu",
    resolver_method="AddPrelu",
    runs_on=everywhere(1),
    attributes={"alpha": "of a shape that can be broadcast to the input's; it may be a constant"},
    limits=("six dimensions",),
)
