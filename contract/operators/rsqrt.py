"""RSQRT."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="RSQRT",
    layer="rsqrt",
    resolver_method="AddRsqrt",
    runs_on={"aot": Support(max_version=2)},
    limits=("inputs below zero, where TensorFlow Lite Micro stops with an error, give the greatest output",),
)
