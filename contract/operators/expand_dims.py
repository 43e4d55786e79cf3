"""EXPAND_DIMS."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="EXPAND_DIMS",
    layer="expand_dims",
    resolver_method="AddExpandDims",
    runs_on=everywhere(1),
    attributes={"axis": "any"},
)
