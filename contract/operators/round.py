"""ROUND."""

from contract.operator_spec import IN_FLOAT_ISLANDS, OperatorSpec, Support

SPEC = OperatorSpec(
    name="ROUND",
    layer="round",
    resolver_method="AddRound",
    runs_on={"aot": Support(max_version=1)},
    input_types=(),
    output_types=(),
    rewritten=IN_FLOAT_ISLANDS,
)
