"""RELU."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="RELU",
    layer="relu",
    resolver_method="AddRelu",
    runs_on={"aot": Support(max_version=2)},
)
