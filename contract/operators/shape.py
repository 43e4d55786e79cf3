"""SHAPE."""

from contract.operator_spec import WITH_CONSTANTS, OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="SHAPE",
    layer="shape",
    resolver_method="AddShape",
    runs_on=everywhere(1),
    input_types=(),
    output_types=(),
    rewritten=WITH_CONSTANTS,
)
