"""FULLY_CONNECTED: firmware/engines/aot/kernels/fully_connected.h."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import (
    Multiplier,
)
from codegen.aot.call import Constant, KernelCall
from codegen.aot.families.sums import sums_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_shape,
    input_of,
    output_of,
    weights_of,
)
from codegen.aot.requantization import requantization
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.fully_connected import FullyConnectedOptions


@dataclass(frozen=True)
class Dense:
    """A checked FULLY_CONNECTED: what every variant of its kernel is made from."""

    operator: Operator
    input: Activation
    output: Activation
    rows: int  # of the input, each of which passes the layer on its own
    weights: NDArray[np.int8]  # (units, depth)
    bias: NDArray[np.int32] | None  # (units,)
    factors: tuple[float, ...]  # of the requantisation: one, or one for each unit
    multipliers: tuple[Multiplier, ...]  # the same in fixed point
    limits: tuple[int, int]  # of the output, by the fused activation
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Dense:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 4))
    options = operator.options
    assert isinstance(options, FullyConnectedOptions)
    if options.weights_format != 0:
        raise UserError(f"{operator} has shuffled weights; {CONVERT_AGAIN} for a microcontroller")
    input, output = input_of(model, operator), output_of(model, operator)
    weights, weights_quantization = weights_of(model, operator, rank=2)
    units, depth = weights.shape
    rows, rest = divmod(input.tensor.elements, depth)
    if rest or (options.keep_num_dims and input.shape[-1] != depth):
        raise UserError(
            f"{operator} has weights of shape {list(weights.shape)} in {weights} for an input of shape "
            f"{list(input.shape)}; {CONVERT_AGAIN}"
        )
    expect_shape(
        operator, output.tensor, (*input.shape[:-1], units) if options.keep_num_dims else (rows, units)
    )
    values = np.array(weights.values, np.int8)
    bias, factors, multipliers = sums_of(model, operator, input, output, values, weights_quantization)
    return Dense(
        operator=operator,
        input=input,
        output=output,
        rows=rows,
        weights=values,
        bias=bias,
        factors=factors,
        multipliers=multipliers,
        limits=output.limits(options.activation, operator),
        description=(
            f"{operator.name}, {describe.activation(options.activation)}",
            describe.tensor("input", input.tensor),
            describe.tensor("weights", weights),
            describe.tensor("output", output.tensor),
            f"  {rows * units * depth:,} multiply-accumulates",
        ),
    )


def portable(dense: Dense) -> KernelCall:
    """The plain kernel."""
    units, depth = dense.weights.shape
    rows_of = tuple(f"unit {index}" for index in range(units))
    return KernelCall(
        operators=(dense.operator,),
        kernel="fully_connected",
        header="kernels/fully_connected.h",
        inputs=(dense.input.index,),
        outputs=(dense.output.index,),
        parameters={
            "rows": dense.rows,
            "depth": depth,
            "units": units,
            "input_zero_point": dense.input.quantization.zero_point,
            "weights": Constant("weights", dense.weights, rows_of),
            "bias": None if dense.bias is None else Constant("bias", dense.bias),
            "requantization": requantization(dense.multipliers, dense.output, dense.limits),
        },
        description=dense.description,
    )
