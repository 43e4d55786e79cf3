"""RELU6."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="RELU6",
    layer="relu6",
    resolver_method="AddRelu6",
    runs_on={"aot": Support(max_version=2)},
)
