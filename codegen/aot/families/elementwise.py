"""What operators of two broadcast inputs share: their operands, and the block that their kernels walk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import Multiplier
from codegen.aot.arithmetic.strides import Block, broadcast, broadcast_shape
from codegen.aot.call import Constant, KernelCall, Value
from codegen.aot.channels import Channels, Reach, alike, channels_of
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_shape,
    operand_of,
    output_of,
)
from codegen.aot.overlap import IN_PLACE, Overlap
from contract.errors import UserError
from contract.graph import Model, Operator

MOST_DIMENSIONS = 6


def operands_of(model: Model, operator: Operator) -> tuple[Activation, Activation]:
    """Both inputs, either of which may be a constant."""
    return operand_of(model, operator, 0), operand_of(model, operator, 1)


def broadcast_of(operator: Operator, first: Activation, second: Activation, output: Activation) -> Block:
    """The block of the output. UserError where the shapes do not fit."""
    shape = broadcast_shape(first.shape, second.shape)
    if shape is None or len(shape) > MOST_DIMENSIONS:
        raise UserError(
            f"{operator} joins {first.tensor} of shape {list(first.shape)} and {second.tensor} of shape "
            f"{list(second.shape)}, which cannot be broadcast in {MOST_DIMENSIONS} dimensions; "
            f"{CONVERT_AGAIN}"
        )
    expect_shape(operator, output.tensor, shape)
    return broadcast(shape, first.shape, second.shape)


def overwritable(inputs: Sequence[Activation], output: Activation) -> Mapping[int, Overlap]:
    """The inputs that are walked as the output is, since they are not repeated: it may take their place."""
    return {one.index: IN_PLACE for one in inputs if one.shape == output.shape}


def block_fields(block: Block) -> Mapping[str, Value]:
    """The fields of struct thimble_broadcast for `block`: rows along the last dimension, and the strides of
    both inputs."""
    rows = int(np.prod(block.sizes[:-1], dtype=np.int64))
    fields: dict[str, Value] = {
        "rows": rows,
        "columns": block.sizes[-1],
        "rank": len(block.sizes),
        "sizes": Constant("sizes", np.array(block.sizes, np.int32)),
    }
    for number, strides in enumerate(block.strides, 1):
        fields[f"strides_{number}"] = Constant(f"strides_{number}", np.array(strides, np.int32))
    for number, strides in enumerate(block.strides, 1):
        fields[f"step_{number}"] = strides[-1]
    return fields


def scaling_fields(tensor: Activation, multiplier: Multiplier) -> Mapping[str, Value]:
    """The fields of struct thimble_scaling for a factor below 1."""
    return {
        "zero_point": tensor.zero_point,
        "multiplier": multiplier.multiplier,
        "right_shift": -multiplier.shift,
    }


def described_pair(title: str, first: Activation, second: Activation, output: Activation) -> tuple[str, ...]:
    """The lines of a comment."""
    return (
        title,
        describe.tensor("input 1", first.tensor),
        describe.tensor("input 2", second.tensor),
        describe.tensor("output", output.tensor),
    )


@dataclass(frozen=True)
class Extreme:
    """A checked MAXIMUM or MINIMUM."""

    operator: Operator
    inputs: tuple[Activation, Activation]
    output: Activation
    block: Block
    description: tuple[str, ...]


def read_extreme(model: Model, operator: Operator) -> Extreme:
    """The operator with everything checked. UserError where its tensors do not fit together, or where
    comparing bytes, which TensorFlow Lite Micro does whatever the scales, compares no real numbers."""
    expect_operands(operator, inputs=range(2, 3))
    first, second = operands_of(model, operator)
    output = output_of(model, operator)
    for one in (first, second):
        if not one.is_quantised_as(output):
            raise UserError(
                f"{operator} has {one.tensor} of another scale or zero point than its output, which "
                f"TensorFlow Lite Micro takes for the same: wrong numbers, no error; {CONVERT_AGAIN}"
            )
    return Extreme(
        operator=operator,
        inputs=(first, second),
        output=output,
        block=broadcast_of(operator, first, second, output),
        description=described_pair(operator.name, first, second, output),
    )


def extreme_call(extreme: Extreme) -> KernelCall:
    """The call of the kernel that is called like the operator."""
    name = extreme.operator.name.lower()
    return KernelCall(
        operators=(extreme.operator,),
        kernel=name,
        header=f"kernels/{name}.h",
        inputs=(extreme.inputs[0].index, extreme.inputs[1].index),
        outputs=(extreme.output.index,),
        parameters={"block": block_fields(extreme.block)},
        description=extreme.description,
        overlaps=overwritable(extreme.inputs, extreme.output),
    )


def pair_channels(
    inputs: tuple[Activation, Activation],
    output: Activation,
    reach: Callable[[Sequence[Reach]], Reach] | None = None,
) -> Channels | None:
    """How the channels of two broadcast inputs hang together with the output's."""
    if not output.shape:
        return None
    ends = [(one.index, one.shape[-1] if one.shape else 1) for one in (*inputs, output)]
    return alike(ends[:2], ends[2], reach)


@channels_of.register
def _(extreme: Extreme) -> Channels | None:
    choose = np.maximum if extreme.operator.name == "MAXIMUM" else np.minimum

    def reach(reaches: Sequence[Reach]) -> Reach:
        first, second = reaches
        return Reach(choose(first.least, second.least), choose(first.greatest, second.greatest))

    return pair_channels(extreme.inputs, extreme.output, reach)
