"""ABS."""

from contract.operator_spec import FLOAT32_FACTOR, OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="ABS",
    layer="abs",
    resolver_method="AddAbs",
    runs_on=everywhere(2, chirale=FLOAT32_FACTOR, arduino=FLOAT32_FACTOR),
)
