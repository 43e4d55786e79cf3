"""MAXIMUM."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="MAXIMUM",
    layer="maximum",
    resolver_method="AddMaximum",
    runs_on=everywhere(4),
    attributes={"inputs": "two, of shapes that can be broadcast; either may be a constant"},
    limits=("six dimensions", "both inputs and the output have the same scale and zero point"),
)
