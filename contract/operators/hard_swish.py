"""HARD_SWISH."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="HARD_SWISH",
    layer="hard_swish",
    resolver_method="AddHardSwish",
    runs_on=everywhere(1),
)
