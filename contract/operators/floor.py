"""FLOOR."""

from contract.operator_spec import IN_FLOAT_ISLANDS, OperatorSpec, Support

SPEC = OperatorSpec(
    name="FLOOR",
    layer="floor",
    resolver_method="AddFloor",
    runs_on={"aot": Support(max_version=1)},
    input_types=(),
    output_types=(),
    rewritten=IN_FLOAT_ISLANDS,
)
