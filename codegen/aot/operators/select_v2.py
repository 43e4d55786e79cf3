"""SELECT_V2: firmware/engines/aot/kernels/select.h."""

import math
from dataclasses import dataclass

import numpy as np

from codegen.aot import describe
from codegen.aot.arithmetic.strides import Block, broadcast
from codegen.aot.call import Constant, KernelCall
from codegen.aot.families.elementwise import MOST_DIMENSIONS, overwritable
from codegen.aot.families.values import Values
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_shape,
    logical,
    operand_of,
    output_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator


@dataclass(frozen=True)
class Selection:
    """A checked SELECT_V2."""

    operator: Operator
    inputs: tuple[Activation, Activation, Activation]  # BOOL, where it is true, where it is false
    output: Activation
    block: Block  # of the output, with the strides of the inputs
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Selection:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(3, 4))
    condition = logical(model.tensors[operator.inputs[0]], operator, constant=True)
    first, second = operand_of(model, operator, 1), operand_of(model, operator, 2)
    output = output_of(model, operator)
    for one in (first, second):
        if not one.is_quantised_as(output):
            raise UserError(
                f"{operator} has {one.tensor} of another scale or zero point than its output, which "
                f"TensorFlow Lite Micro takes for the same: wrong numbers, no error; {CONVERT_AGAIN}"
            )
    shapes = [one.shape for one in (condition, first, second)]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise UserError(
            f"{operator} chooses among shapes that do not fit: {error}; {CONVERT_AGAIN}"
        ) from error
    if len(shape) > MOST_DIMENSIONS:
        raise UserError(f"{operator} has {len(shape)} dimensions, the engine has {MOST_DIMENSIONS}")
    expect_shape(operator, output.tensor, shape)
    return Selection(
        operator=operator,
        inputs=(condition, first, second),
        output=output,
        block=broadcast(shape, *shapes),
        description=(
            operator.name,
            describe.tensor("where", condition.tensor),
            describe.tensor("true", first.tensor),
            describe.tensor("false", second.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def portable(selection: Selection) -> KernelCall:
    """The plain kernel."""
    block = selection.block
    return KernelCall(
        operators=(selection.operator,),
        kernel="select",
        header="kernels/select.h",
        inputs=tuple(one.index for one in selection.inputs),
        outputs=(selection.output.index,),
        parameters={
            "rows": math.prod(block.sizes[:-1]),
            "columns": block.sizes[-1],
            "rank": len(block.sizes),
            "sizes": Constant("sizes", np.array(block.sizes, np.int32)),
            **{
                f"strides_{number}": Constant(f"strides_{number}", np.array(strides, np.int32))
                for number, strides in enumerate(block.strides)
            },
            **{f"step_{number}": strides[-1] for number, strides in enumerate(block.strides)},
        },
        description=selection.description,
        overlaps=overwritable(selection.inputs, selection.output),
    )


def real(operator: Operator, condition: Values, first: Values, second: Values) -> Values:
    """Of float32."""
    return np.where(condition, first, second)
