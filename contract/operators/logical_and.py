"""LOGICAL_AND."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="LOGICAL_AND",
    layer="logical_and",
    resolver_method="AddLogicalAnd",
    runs_on=everywhere(1),
    attributes={"inputs": "two BOOL, of shapes that can be broadcast; either may be a constant"},
    limits=("six dimensions",),
    input_types=("BOOL",),
    output_types=("BOOL",),
)
