"""DEQUANTIZE."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="DEQUANTIZE",
    layer="dequantize",
    resolver_method="AddDequantize",
    runs_on=everywhere(6),
    attributes={"types": "INT8 or UINT8 to FLOAT32"},
    input_types=("INT8", "UINT8"),
    output_types=("FLOAT32",),
)
