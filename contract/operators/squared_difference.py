"""SQUARED_DIFFERENCE."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="SQUARED_DIFFERENCE",
    layer="squared_difference",
    resolver_method="AddSquaredDifference",
    runs_on={"aot": Support(max_version=2)},
    attributes={"inputs": "two, of shapes that can be broadcast; either may be a constant"},
    limits=("six dimensions",),
)
