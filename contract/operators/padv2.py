"""PADV2."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="PADV2",
    layer="pad",
    resolver_method="AddPadV2",
    runs_on=everywhere(2),
    attributes={"paddings": "any, constant", "value": "a constant, quantised as the output"},
)
