"""GATHER: firmware/engines/aot/kernels/gather.h."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.call import Constant, KernelCall
from codegen.aot.families.values import Values, constants_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    axis_of,
    expect_operands,
    expect_shape,
    expect_unchanged_quantization,
    input_of,
    integers_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.gather import GatherOptions


@dataclass(frozen=True)
class Gathering:
    """A checked GATHER."""

    operator: Operator
    input: Activation  # (batches, outer, size of the axis, inner), seen so
    output: Activation  # (batches, outer, positions of a batch, inner)
    positions: NDArray[np.int32]  # (batches, positions of a batch)
    outer: int
    inner: int
    size: int
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Gathering:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    options = operator.options
    assert isinstance(options, GatherOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    expect_unchanged_quantization(operator, input, output)
    given = model.tensors[operator.inputs[1]].shape
    positions = np.array(integers_of(model, operator, 1), np.int32)
    axis = axis_of(operator, options.axis, len(input.shape))
    shared = options.batch_dims + len(given) if options.batch_dims < 0 else options.batch_dims
    if not 0 <= shared <= min(axis, len(given)) or input.shape[:shared] != given[:shared]:
        raise UserError(f"{operator} shares {shared} dimensions of data and positions; {CONVERT_AGAIN}")
    size = input.shape[axis]
    if positions.size and not (positions.min() >= 0 and positions.max() < size):
        raise UserError(f"{operator} takes positions outside 0 to {size - 1}; {CONVERT_AGAIN}")
    expect_shape(operator, output.tensor, (*input.shape[:axis], *given[shared:], *input.shape[axis + 1 :]))
    return Gathering(
        operator=operator,
        input=input,
        output=output,
        positions=positions.reshape(math.prod(given[:shared]), -1),
        outer=math.prod(input.shape[shared:axis]),
        inner=math.prod(input.shape[axis + 1 :]),
        size=size,
        description=(
            f"{operator.name} along dimension {axis}",
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def portable(gathering: Gathering) -> KernelCall:
    """The plain kernel."""
    batches, positions = gathering.positions.shape
    return KernelCall(
        operators=(gathering.operator,),
        kernel="gather",
        header="kernels/gather.h",
        inputs=(gathering.input.index,),
        outputs=(gathering.output.index,),
        parameters={
            "batches": batches,
            "outer": gathering.outer,
            "size": gathering.size,
            "count": positions,
            "inner": gathering.inner,
            "positions": Constant("positions", gathering.positions.ravel()),
        },
        description=gathering.description,
    )


def constant(model: Model, operator: Operator) -> Values | None:
    """The output where all inputs are constants."""
    options = operator.options
    assert isinstance(options, GatherOptions)
    values = constants_of(model, operator)
    if values is None or options.batch_dims:
        return None
    data, positions = values
    return np.take(data, positions, options.axis)
