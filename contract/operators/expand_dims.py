"""EXPAND_DIMS."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="EXPAND_DIMS",
    layer="expand_dims",
    resolver_method="AddExpandDims",
    runs_on={"aot": Support(max_version=1)},
    attributes={"axis": "any"},
)
