"""FILL."""

from contract.operator_spec import WITH_CONSTANTS, OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="FILL",
    layer="fill",
    resolver_method="AddFill",
    runs_on=everywhere(4),
    input_types=(),
    output_types=(),
    rewritten=WITH_CONSTANTS,
)
