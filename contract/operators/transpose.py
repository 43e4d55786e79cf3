"""TRANSPOSE."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="TRANSPOSE",
    layer="transpose",
    resolver_method="AddTranspose",
    runs_on=everywhere(4),
    attributes={"permutation": "any, constant"},
)
