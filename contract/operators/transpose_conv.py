"""TRANSPOSE_CONV."""

from dataclasses import dataclass

from contract import options
from contract.convolution import OPERANDS
from contract.graph import Model, Operator
from contract.operator_spec import OperatorSpec, Support
from contract.tables import Table


@dataclass(frozen=True)
class TransposeConvOptions:
    padding: str  # SAME or VALID, of the convolution that it turns round
    stride: tuple[int, int]  # height, width
    activation: str  # a name of the schema's ActivationFunctionType: NONE, RELU, RELU6, ...


def read_options(table: Table, where: str) -> TransposeConvOptions:
    return TransposeConvOptions(
        padding=options.padding(table.int8(0), where),
        stride=options.positive((table.int32(2), table.int32(1)), "stride", where),
        activation=options.activation(table.int8(3), where),
    )


def products(model: Model, operator: Operator) -> int:
    """Each input element times the weights of its channel."""
    weights, data = (model.tensors[operator.inputs[place]] for place in (1, 2))
    return data.elements * (weights.elements // weights.shape[3])


SPEC = OperatorSpec(
    name="TRANSPOSE_CONV",
    layer="transpose_conv",
    resolver_method="AddTransposeConv",
    runs_on={"aot": Support(max_version=4, per_channel_weights=True)},
    attributes={"padding": "SAME, VALID", "stride": "any, height and width apart"} | OPERANDS,
    options_code=49,
    read_options=read_options,
    data_input=2,
    weights_input=1,
    multiply_accumulates=products,
)
