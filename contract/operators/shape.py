"""SHAPE."""

from contract.operator_spec import WITH_CONSTANTS, OperatorSpec, Support

SPEC = OperatorSpec(
    name="SHAPE",
    layer="shape",
    resolver_method="AddShape",
    runs_on={"aot": Support(max_version=1)},
    input_types=(),
    output_types=(),
    rewritten=WITH_CONSTANTS,
)
