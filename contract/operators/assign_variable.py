"""ASSIGN_VARIABLE."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="ASSIGN_VARIABLE",
    layer="assign_variable",
    resolver_method="AddAssignVariable",
    runs_on={"aot": Support(max_version=1)},
    stateful=True,
)
