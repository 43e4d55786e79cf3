"""CAST."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="CAST",
    layer="cast",
    resolver_method="AddCast",
    runs_on={"aot": Support(max_version=5)},
    attributes={"types": "INT8, INT32 or BOOL to INT8, INT32 or FLOAT32"},
    input_types=("INT8", "INT32", "BOOL"),
    output_types=("INT8", "INT32", "FLOAT32"),
)
