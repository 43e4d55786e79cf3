"""ELU."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="ELU",
    layer="elu",
    resolver_method="AddElu",
    runs_on={"aot": Support(max_version=2)},
)
