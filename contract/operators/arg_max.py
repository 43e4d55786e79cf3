"""ARG_MAX."""

from contract.operator_spec import OperatorSpec, Support

SPEC = OperatorSpec(
    name="ARG_MAX",
    layer="arg_max",
    resolver_method="AddArgMax",
    runs_on={"aot": Support(max_version=2)},
    attributes={"axis": "any, constant"},
    limits=("an output of INT32, as TensorFlow Lite Micro has it",),
    output_types=("INT32",),
)
