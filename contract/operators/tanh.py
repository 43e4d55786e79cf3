"""TANH."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="TANH",
    layer="tanh",
    resolver_method="AddTanh",
    runs_on=everywhere(2),
)
