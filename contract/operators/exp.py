"""EXP."""

from contract.operator_spec import IN_FLOAT_ISLANDS, OperatorSpec, Support

SPEC = OperatorSpec(
    name="EXP",
    layer="exp",
    resolver_method="AddExp",
    runs_on={"aot": Support(max_version=1)},
    input_types=(),
    output_types=(),
    rewritten=IN_FLOAT_ISLANDS,
)
