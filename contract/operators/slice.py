"""SLICE."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="SLICE",
    layer="slice",
    resolver_method="AddSlice",
    runs_on={"aot": Support(max_version=2)},
    attributes={"begin, size": "any, constant"},
)
