"""SVDF."""

from dataclasses import dataclass

from contract.graph import Model, Operator
from contract.operator_spec import OperatorSpec, Support
from contract.tables import Table


@dataclass(frozen=True)
class SvdfOptions:
    rank: int  # filters of a unit


def read_options(table: Table, where: str) -> SvdfOptions:
    return SvdfOptions(table.int32(0))


def products(model: Model, operator: Operator) -> int:
    """Of the features, and of the state with the weights over time."""
    features, times = (model.tensors[operator.inputs[place]].elements for place in (1, 2))
    return features + times


SPEC = OperatorSpec(
    name="SVDF",
    layer="svdf",
    resolver_method="AddSvdf",
    runs_on={"aot": Support(max_version=4)},
    attributes={"rank": "any", "state, weights over time": "int8 or int16"},
    limits=("a batch of 1", "weights per tensor"),
    options_code=6,
    read_options=read_options,
    weights_input=1,
    multiply_accumulates=products,
    stateful=True,
)
