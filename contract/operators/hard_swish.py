"""HARD_SWISH."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="HARD_SWISH",
    layer="hard_swish",
    resolver_method="AddHardSwish",
    runs_on={"aot": Support(max_version=1)},
)
