"""ARG_MAX."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="ARG_MAX",
    layer="arg_max",
    resolver_method="AddArgMax",
    runs_on=everywhere(2),
    attributes={"axis": "any, constant"},
    limits=("an output of INT32, as TensorFlow Lite Micro has it",),
    output_types=("INT32",),
)
