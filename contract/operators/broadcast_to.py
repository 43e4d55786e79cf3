"""BROADCAST_TO."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="BROADCAST_TO",
    layer="broadcast_to",
    resolver_method="AddBroadcastTo",
    runs_on={"aot": Support(max_version=2)},
    attributes={"shape": "any that the input can be broadcast to"},
)
