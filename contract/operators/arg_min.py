"""ARG_MIN."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="ARG_MIN",
    layer="arg_min",
    resolver_method="AddArgMin",
    runs_on={"aot": Support(max_version=2)},
    attributes={"axis": "any, constant"},
    limits=("an output of INT32, as TensorFlow Lite Micro has it",),
    output_types=("INT32",),
)
