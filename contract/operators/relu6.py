"""RELU6."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="RELU6",
    layer="relu6",
    resolver_method="AddRelu6",
    runs_on=everywhere(2),
)
