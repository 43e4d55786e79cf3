"""TRANSPOSE."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="TRANSPOSE",
    layer="transpose",
    resolver_method="AddTranspose",
    runs_on={"aot": Support(max_version=4)},
    attributes={"permutation": "any, constant"},
)
