"""NEG."""

from contract.operator_spec import IN_FLOAT_ISLANDS, OperatorSpec, Support

SPEC = OperatorSpec(
    name="NEG",
    layer="neg",
    resolver_method="AddNeg",
    runs_on={"aot": Support(max_version=2)},
    input_types=(),
    output_types=(),
    rewritten=IN_FLOAT_ISLANDS,
)
