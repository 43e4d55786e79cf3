"""DIV."""

from dataclasses import dataclass

from contract import options
from contract.operator_spec import OperatorSpec, Support
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
    runs_on={"aot": Support(max_version=2)},
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
