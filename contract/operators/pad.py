"""PAD."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="PAD",
    layer="pad",
    resolver_method="AddPad",
    runs_on=everywhere(2),
    attributes={"paddings": "any, constant"},
)
