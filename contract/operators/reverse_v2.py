"""REVERSE_V2."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="REVERSE_V2",
    layer="reverse",
    resolver_method="AddReverseV2",
    runs_on={"aot": Support(max_version=3)},
    attributes={"axes": "any, constant"},
)
