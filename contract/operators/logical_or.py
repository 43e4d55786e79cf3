"""LOGICAL_OR."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="LOGICAL_OR",
    layer="logical_or",
    resolver_method="AddLogicalOr",
    runs_on=everywhere(1),
    attributes={"inputs": "two BOOL, of shapes that can be broadcast; either may be a constant"},
    limits=("six dimensions",),
    input_types=("BOOL",),
    output_types=("BOOL",),
)
