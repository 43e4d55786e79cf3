"""PAD."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="PAD",
    layer="pad",
    resolver_method="AddPad",
    runs_on={"aot": Support(max_version=2)},
    attributes={"paddings": "any, constant"},
)
