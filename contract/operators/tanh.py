"""TANH."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="TANH",
    layer="tanh",
    resolver_method="AddTanh",
    runs_on={"aot": Support(max_version=2)},
)
