"""What ARG_MAX and ARG_MIN share: the checked operator and the call of their kernel
(firmware/engines/aot/kernels/arg_extreme.h)."""

import math
from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.call import KernelCall
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    axis_of,
    expect_operands,
    expect_shape,
    input_of,
    integers_of,
)
from contract.errors import UserError
from contract.graph import Model, Operator, Tensor


@dataclass(frozen=True)
class ArgExtreme:
    """A checked ARG_MAX or ARG_MIN."""

    operator: Operator
    sign: int  # 1 for the greatest value, -1 for the least
    input: Activation
    output: Tensor  # INT32, the input's shape without the axis
    axis: int
    description: tuple[str, ...]


def read_arg_extreme(model: Model, operator: Operator, sign: int) -> ArgExtreme:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    input, output = input_of(model, operator), model.tensors[operator.outputs[0]]
    axes = integers_of(model, operator, 1)
    if len(axes) != 1 or output.type != "INT32":
        raise UserError(f"{operator} looks along {axes} for {output} of type {output.type}; {CONVERT_AGAIN}")
    axis = axis_of(operator, axes[0], len(input.shape))
    expect_shape(operator, output, (*input.shape[:axis], *input.shape[axis + 1 :]))
    description = (
        f"{operator.name} along dimension {axis}",
        describe.tensor("input", input.tensor),
        describe.tensor("output", output),
    )
    return ArgExtreme(operator, sign, input, output, axis, description)


def arg_extreme_call(extreme: ArgExtreme) -> KernelCall:
    """The plain kernel."""
    shape, axis = extreme.input.shape, extreme.axis
    return KernelCall(
        operators=(extreme.operator,),
        kernel="arg_extreme",
        header="kernels/arg_extreme.h",
        inputs=(extreme.input.index,),
        outputs=(extreme.output.index,),
        parameters={
            "outer": math.prod(shape[:axis]),
            "size": shape[axis],
            "inner": math.prod(shape[axis + 1 :]),
            "sign": extreme.sign,
        },
        description=extreme.description,
    )
