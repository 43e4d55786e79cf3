"""FILL."""

from contract.operator_spec import WITH_CONSTANTS, OperatorSpec, Support

SPEC = OperatorSpec(
    name="FILL",
    layer="fill",
    resolver_method="AddFill",
    runs_on={"aot": Support(max_version=4)},
    input_types=(),
    output_types=(),
    rewritten=WITH_CONSTANTS,
)
