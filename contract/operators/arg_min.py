"""ARG_MIN."""

from contract.operator_spec import OperatorSpec, everywhere

SPEC = OperatorSpec(
    name="ARG_MIN",
    layer="arg_min",
    resolver_method="AddArgMin",
    runs_on=everywhere(2),
    attributes={"axis": "any, constant"},
    limits=("an output of INT32, as TensorFlow Lite Micro has it",),
    output_types=("INT32",),
)
