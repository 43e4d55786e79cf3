"""UNIDIRECTIONAL_SEQUENCE_LSTM."""

from dataclasses import dataclass

from contract import options
from contract.graph import Model, Operator
from contract.operator_spec import OperatorSpec, Support
from contract.tables import Table

INPUT_WEIGHTS, RECURRENT_WEIGHTS, BIASES = (
    range(1, 5),
    range(5, 9),
    range(12, 16),
)  # of input, forget, cell, output
HIDDEN_STATE, CELL_STATE = 18, 19


@dataclass(frozen=True)
class LstmOptions:
    activation: str  # of the cell gate and of the cell's output: TANH
    cell_clip: float  # 0: not clipped
    time_major: bool


def read_options(table: Table, where: str) -> LstmOptions:
    return LstmOptions(options.activation(table.int8(0), where), table.float32(1), bool(table.uint8(3)))


def products(model: Model, operator: Operator) -> int:
    """Of each step: of all eight matrices."""
    output = model.tensors[operator.outputs[0]]
    steps = output.elements // output.shape[-1]
    matrices = (model.tensors[operator.inputs[place]] for place in (*INPUT_WEIGHTS, *RECURRENT_WEIGHTS))
    of_a_step: int = sum(matrix.elements for matrix in matrices)
    return steps * of_a_step


SPEC = OperatorSpec(
    name="UNIDIRECTIONAL_SEQUENCE_LSTM",
    layer="lstm",
    resolver_method="AddUnidirectionalSequenceLSTM",
    runs_on={"aot": Support(max_version=4)},
    attributes={"activation": "TANH", "cell_clip": "any"},
    limits=(
        "a batch of 1",
        "weights per tensor",
        "no peephole, no projection, no layer normalisation, as in TensorFlow Lite Micro",
    ),
    options_code=71,
    read_options=read_options,
    weights_input=2,
    multiply_accumulates=products,
    stateful=True,
)
