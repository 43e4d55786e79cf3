"""RESHAPE. Its options repeat the output tensor's shape, which is what counts."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="RESHAPE",
    layer="reshape",
    resolver_method="AddReshape",
    runs_on=everywhere(1),
    attributes={"shape": "any of as many elements"},
    limits=("input and output are quantised alike",),
)
