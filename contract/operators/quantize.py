"""QUANTIZE."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="QUANTIZE",
    layer="quantize",
    resolver_method="AddQuantize",
    runs_on=everywhere(3),
    attributes={"types": "FLOAT32, INT8 or UINT8 to INT8, INT8 to UINT8"},
    input_types=("FLOAT32", "INT8", "UINT8"),
    output_types=("INT8", "UINT8"),
)
