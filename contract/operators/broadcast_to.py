"""BROADCAST_TO."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="BROADCAST_TO",
    layer="broadcast_to",
    resolver_method="AddBroadcastTo",
    runs_on=everywhere(3),
    attributes={"shape": "any that the input can be broadcast to"},
)
