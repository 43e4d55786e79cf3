"""SIN."""

from contract.operator_spec import IN_FLOAT_ISLANDS, OperatorSpec, Support

SPEC = OperatorSpec(
    name="SIN",
    layer="sin",
    resolver_method="AddSin",
    runs_on={"aot": Support(max_version=1)},
    input_types=(),
    output_types=(),
    rewritten=IN_FLOAT_ISLANDS,
)
