"""RELU."""

from contract.operator_spec import FLOAT32_FACTOR, OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="RELU",
    layer="relu",
    resolver_method="AddRelu",
    runs_on=everywhere(2, arduino=FLOAT32_FACTOR),
)
