"""ADD."""

from dataclasses import dataclass

from contract import options
from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class AddOptions:
    activation: str  # a name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ...


def read_options(table: Table, where: str) -> AddOptions:
    return AddOptions(activation=options.activation(table.int8(0), where))


SPEC = OperatorSpec(
    name="ADD",
    layer="add",
    resolver_method="AddAdd",
    runs_on=everywhere(2),
    attributes={
        "inputs": "two, of shapes that can be broadcast; either may be a constant",
        "activation": "NONE, RELU, RELU6, RELU_N1_TO_1",
    },
    limits=("six dimensions",),
    options_code=11,
    read_options=read_options,
)
