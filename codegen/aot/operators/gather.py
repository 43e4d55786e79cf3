"""GATHER: firmware/engines/aot/kernels/gather.h, or gather_at.h where the positions are computed."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.call import Constant, KernelCall, Value
from codegen.aot.families.values import Values, constants_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    axis_of,
    expect_operands,
    expect_shape,
    expect_unchanged_quantization,
    integers_of,
    operand_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator, Tensor
from contract.operators.gather import GatherOptions


@dataclass(frozen=True)
class Gathering:
    """A checked GATHER."""

    operator: Operator
    input: Activation  # (batches, outer, size of the axis, inner), seen so
    output: Activation  # (batches, outer, positions of a batch, inner)
    positions: NDArray[np.int32] | None  # (batches, positions of a batch); None: from a tensor
    given: Tensor  # what they come from
    batches: int
    count: int  # of a batch
    outer: int
    inner: int
    size: int
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Gathering:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    options = operator.options
    assert isinstance(options, GatherOptions)
    input, output = operand_of(model, operator, 0), output_of(model, operator)
    expect_unchanged_quantization(operator, input, output)
    tensor = model.tensors[operator.inputs[1]]
    given = tensor.shape
    if tensor.type != "INT32":
        raise UserError(f"{operator} takes positions of type {tensor.type}, not INT32; {CONVERT_AGAIN}")
    positions = None if tensor.data is None else np.array(integers_of(model, operator, 1), np.int32)
    axis = axis_of(operator, options.axis, len(input.shape))
    shared = options.batch_dims + len(given) if options.batch_dims < 0 else options.batch_dims
    if not 0 <= shared <= min(axis, len(given)) or input.shape[:shared] != given[:shared]:
        raise UserError(f"{operator} shares {shared} dimensions of data and positions; {CONVERT_AGAIN}")
    size = input.shape[axis]
    if positions is not None and positions.size and not (positions.min() >= 0 and positions.max() < size):
        raise UserError(f"{operator} takes positions outside 0 to {size - 1}; {CONVERT_AGAIN}")
    expect_shape(operator, output.tensor, (*input.shape[:axis], *given[shared:], *input.shape[axis + 1 :]))
    return Gathering(
        operator=operator,
        input=input,
        output=output,
        positions=positions,
        given=tensor,
        batches=math.prod(given[:shared]),
        count=math.prod(given[shared:]),
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
    parameters: dict[str, Value] = {
        "batches": gathering.batches,
        "outer": gathering.outer,
        "size": gathering.size,
        "count": gathering.count,
        "inner": gathering.inner,
    }
    if gathering.positions is None:
        return KernelCall(
            operators=(gathering.operator,),
            kernel="gather_at",
            header="kernels/gather_at.h",
            inputs=(gathering.input.index, gathering.given.index),
            outputs=(gathering.output.index,),
            parameters=parameters,
            description=gathering.description,
        )
    return KernelCall(
        operators=(gathering.operator,),
        kernel="gather",
        header="kernels/gather.h",
        inputs=(gathering.input.index,),
        outputs=(gathering.output.index,),
        parameters={**parameters, "positions": Constant("positions", gathering.positions.ravel())},
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
