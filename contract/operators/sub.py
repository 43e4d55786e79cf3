"""SUB."""

from dataclasses import dataclass

from contract import options
from contract.operator_spec import FLOAT32_FACTOR, OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class SubOptions:
    activation: str  # a name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ...


def read_options(table: Table, where: str) -> SubOptions:
    return SubOptions(activation=options.activation(table.int8(0), where))


SPEC = OperatorSpec(
    name="SUB",
    layer="sub",
    resolver_method="AddSub",
    runs_on=everywhere(3, arduino=FLOAT32_FACTOR),
    attributes={
        "inputs": "two, of shapes that can be broadcast; either may be a constant",
        "activation": "NONE, RELU, RELU6, RELU_N1_TO_1",
    },
    limits=("six dimensions",),
    options_code=28,
    read_options=read_options,
)
