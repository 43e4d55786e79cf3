"""PRELU."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="PRELU",
    layer="prelu",
    resolver_method="AddPrelu",
    runs_on={"aot": Support(max_version=1)},
    attributes={"alpha": "of a shape that can be broadcast to the input's; it may be a constant"},
    limits=("six dimensions",),
)
