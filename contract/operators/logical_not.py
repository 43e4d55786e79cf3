"""LOGICAL_NOT."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="LOGICAL_NOT",
    layer="logical_not",
    resolver_method="AddLogicalNot",
    runs_on=everywhere(1),
    input_types=("BOOL",),
    output_types=("BOOL",),
)
