"""READ_VARIABLE."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="READ_VARIABLE",
    layer="read_variable",
    resolver_method="AddReadVariable",
    runs_on={"aot": Support(max_version=1)},
    stateful=True,
)
