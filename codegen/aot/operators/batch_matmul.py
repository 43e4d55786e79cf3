"""BATCH_MATMUL: firmware/engines/aot/kernels/batch_matmul.h."""

import math
from dataclasses import dataclass

import numpy as np

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import (
    INT8_MAX,
    INT8_MIN,
    INT32_MAX,
    Multiplier,
    quantize_multipliers,
    sum_factors,
)
from codegen.aot.arithmetic.strides import broadcast_shape
from codegen.aot.call import Constant, KernelCall
from codegen.aot.families.elementwise import operands_of
from codegen.aot.operands import CONVERT_AGAIN, Activation, expect_operands, expect_shape, output_of
from codegen.aot.requantization import requantization
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.batch_matmul import BatchMatMulOptions

RANKS = range(2, 6)


@dataclass(frozen=True)
class Matmul:
    """A checked BATCH_MATMUL."""

    operator: Operator
    options: BatchMatMulOptions
    inputs: tuple[Activation, Activation]
    output: Activation  # (*batch, rows, columns)
    depth: int  # products of a sum
    multiplier: Multiplier
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Matmul:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    options = operator.options
    assert isinstance(options, BatchMatMulOptions)
    first, second = operands_of(model, operator)
    output = output_of(model, operator)
    if len(first.shape) not in RANKS or len(second.shape) not in RANKS:
        raise UserError(f"{operator} multiplies {list(first.shape)} by {list(second.shape)}; {CONVERT_AGAIN}")
    rows, depth = first.shape[-1:-3:-1] if options.turn_first else first.shape[-2:]
    other, columns = second.shape[-1:-3:-1] if options.turn_second else second.shape[-2:]
    batch = broadcast_shape(first.shape[:-2], second.shape[:-2])
    if depth != other or batch is None:
        raise UserError(f"{operator} multiplies {list(first.shape)} by {list(second.shape)}; {CONVERT_AGAIN}")
    expect_shape(operator, output.tensor, (*batch, rows, columns))
    (multiplier,) = quantize_multipliers(
        sum_factors(first.scale, (second.scale,), output.scale), str(operator)
    )
    if depth * 255 * 255 << max(0, multiplier.shift) > INT32_MAX:
        raise UserError(
            f"{operator} sums {depth:,} products, which can overflow its 32-bit accumulators; {CONVERT_AGAIN}"
        )
    return Matmul(
        operator=operator,
        options=options,
        inputs=(first, second),
        output=output,
        depth=depth,
        multiplier=multiplier,
        description=(
            operator.name,
            describe.tensor("input 1", first.tensor),
            describe.tensor("input 2", second.tensor),
            describe.tensor("output", output.tensor),
            f"  {output.tensor.elements * depth:,} multiply-accumulates",
        ),
    )


def portable(matmul: Matmul) -> KernelCall:
    """The plain kernel."""
    first, second = matmul.inputs
    *batch, rows, columns = matmul.output.shape
    steps = []
    for one, turned in ((first, matmul.options.turn_first), (second, matmul.options.turn_second)):
        width = one.shape[-1]
        steps.append((1, width) if turned else (width, 1))  # from row to row, from column to column
    return KernelCall(
        operators=(matmul.operator,),
        kernel="batch_matmul",
        header="kernels/batch_matmul.h",
        inputs=(first.index, second.index),
        outputs=(matmul.output.index,),
        parameters={
            "batches": math.prod(batch),
            "rank": len(batch) + 1,
            "sizes": Constant("sizes", np.array([*batch, 1], np.int32)),
            "strides_1": Constant("strides_1", _batch_strides(first, batch)),
            "strides_2": Constant("strides_2", _batch_strides(second, batch)),
            "rows": rows,
            "columns": columns,
            "depth": matmul.depth,
            "row_step_1": steps[0][0],
            "depth_step_1": steps[0][1],
            "depth_step_2": steps[1][0],
            "column_step_2": steps[1][1],
            "zero_point_1": first.zero_point,
            "zero_point_2": second.zero_point,
            "requantization": requantization((matmul.multiplier,), matmul.output, (INT8_MIN, INT8_MAX)),
        },
        description=matmul.description,
    )


def _batch_strides(one: Activation, batch: list[int]) -> np.ndarray:  # type: ignore[type-arg]
    """From matrix to matrix along each dimension of the batch, 0 where an operand's are repeated; and 0."""
    own = (1,) * (len(batch) - len(one.shape) + 2) + one.shape[:-2]
    strides, stride = [], math.prod(one.shape[-2:])
    for size in reversed(own):
        strides.append(0 if size == 1 else stride)
        stride *= size
    return np.array([*reversed(strides), 0], np.int32)
