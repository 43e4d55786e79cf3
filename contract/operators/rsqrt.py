"""RSQRT."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="RSQRT",
    layer="rsqrt",
    resolver_method="AddRsqrt",
    runs_on=everywhere(2),
    limits=("inputs below zero, where TensorFlow Lite Micro stops with an error, give the greatest output",),
)
