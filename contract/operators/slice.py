"""SLICE."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="SLICE",
    layer="slice",
    resolver_method="AddSlice",
    runs_on=everywhere(2),
    attributes={"begin, size": "any, constant"},
)
