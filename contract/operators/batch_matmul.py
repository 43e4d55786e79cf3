"""BATCH_MATMUL."""

from dataclasses import dataclass

from contract.graph import Model, Operator
from contract.operator_spec import OperatorSpec, Support
from contract.tables import Table


@dataclass(frozen=True)
class BatchMatMulOptions:
    turn_first: bool  # adj_x: the first operand's matrices are transposed
    turn_second: bool


def read_options(table: Table, where: str) -> BatchMatMulOptions:
    return BatchMatMulOptions(bool(table.uint8(0)), bool(table.uint8(1)))


def products(model: Model, operator: Operator) -> int:
    """Output elements times the length of a row."""
    options = operator.options
    assert isinstance(options, BatchMatMulOptions)
    shape = model.tensors[operator.inputs[0]].shape
    return model.tensors[operator.outputs[0]].elements * shape[-2 if options.turn_first else -1]


SPEC = OperatorSpec(
    name="BATCH_MATMUL",
    layer="matmul",
    resolver_method="AddBatchMatMul",
    runs_on={"aot": Support(max_version=4)},
    attributes={
        "inputs": "two of ranks 2 to 5 whose batches can be broadcast; either may be a constant",
        "adj_x, adj_y": "false, true",
    },
    options_code=101,
    read_options=read_options,
    multiply_accumulates=products,
)
