"""ABS."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="ABS",
    layer="abs",
    resolver_method="AddAbs",
    runs_on={"aot": Support(max_version=2)},
)
