"""MUL."""

from dataclasses import dataclass

from contract import options
from contract.operator_spec import OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class MulOptions:
    activation: str  # a name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ...


def read_options(table: Table, where: str) -> MulOptions:
    return MulOptions(activation=options.activation(table.int8(0), where))


SPEC = OperatorSpec(
    name="MUL",
    layer="mul",
    resolver_method="AddMul",
    runs_on=everywhere(3),
    attributes={
        "inputs": "two, of shapes that can be broadcast; either may be a constant",
        "activation": "NONE, RELU, RELU6, RELU_N1_TO_1",
    },
    limits=("six dimensions",),
    options_code=21,
    read_options=read_options,
)
