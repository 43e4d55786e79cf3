"""DIV."""

from dataclasses import dataclass

from contract import options
from contract.operator_spec import FLOAT32_FACTOR, OperatorSpec, everywhere
from contract.tables import Table


@dataclass(frozen=True)
class DivOptions:
    activation: str  # a name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ...


def read_options(table: Table, where: str) -> DivOptions:
    return DivOptions(activation=options.activation(table.int8(0), where))


SPEC = OperatorSpec(
    name="DIV",
    layer="div",
    resolver_method="AddDiv",
    runs_on=everywhere(2, chirale=FLOAT32_FACTOR, arduino=FLOAT32_FACTOR),
    attributes={
        "inputs": "two, of shapes that can be broadcast; either may be a constant",
        "activation": "NONE, RELU, RELU6, RELU_N1_TO_1",
    },
    limits=(
        "six dimensions",
        "a division by zero, which TensorFlow Lite Micro does not define, divides by one step",
    ),
    options_code=29,
    read_options=read_options,
)
