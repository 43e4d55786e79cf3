"""SQUARE."""

from contract.operator_spec import IN_FLOAT_ISLANDS, OperatorSpec, Support

SPEC = OperatorSpec(
    name="SQUARE",
    layer="square",
    resolver_method="AddSquare",
    runs_on={"aot": Support(max_version=1)},
    input_types=(),
    output_types=(),
    rewritten=IN_FLOAT_ISLANDS,
)
