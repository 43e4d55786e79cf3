"""What ADD and SUB share: the checked operator and the call of their kernel
(firmware/engines/aot/kernels/add.h)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import INT32_MAX, INT32_MIN, Multiplier, quantize_multiplier
from codegen.aot.arithmetic.one_step import Requantization
from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import KernelCall
from codegen.aot.channels import Channels, Reach, channels_of
from codegen.aot.families.elementwise import (
    block_fields,
    broadcast_of,
    described_pair,
    operands_of,
    overwritable,
    pair_channels,
    scaling_fields,
)
from codegen.aot.operands import CONVERT_AGAIN, Activation, expect_operands, output_of
from contract.errors import UserError
from contract.graph import Model, Operator

LEFT_SHIFT = 20  # of both inputs before they are scaled, for int8


@dataclass(frozen=True)
class Addition:
    """A checked ADD or SUB: what every variant of its kernel is made from."""

    operator: Operator
    inputs: tuple[Activation, Activation]
    output: Activation
    block: Block  # of the output, with the strides of both inputs
    sign: int  # of the second input: 1 or -1
    input_multipliers: tuple[Multiplier, Multiplier]
    output_multiplier: Multiplier
    limits: tuple[int, int]  # of the output, by the fused activation
    description: tuple[str, ...]


def read_addition(model: Model, operator: Operator, activation: str, sign: int) -> Addition:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    first, second = operands_of(model, operator)
    output = output_of(model, operator)
    input_multipliers, output_multiplier = _multipliers(operator, first.scale, second.scale, output.scale)
    return Addition(
        operator=operator,
        inputs=(first, second),
        output=output,
        block=broadcast_of(operator, first, second, output),
        sign=sign,
        input_multipliers=input_multipliers,
        output_multiplier=output_multiplier,
        limits=output.limits(activation, operator),
        description=described_pair(
            f"{operator.name}, {describe.activation(activation)}", first, second, output
        ),
    )


def _multipliers(
    operator: Operator, first: float, second: float, output: float
) -> tuple[tuple[Multiplier, Multiplier], Multiplier]:
    """CalculateOpDataAdd in tensorflow/lite/micro/kernels/add_common.cc and CalculateOpDataSub in
    sub_common.cc, both in float64 in the pinned release. (In that of August 2026 SUB has float32: few outputs
    differ.)"""
    twice = 2 * max(first, second)
    factor = twice / ((1 << LEFT_SHIFT) * output)
    if not factor < 1:
        raise UserError(
            f"{operator} has an output of scale {output:g} for inputs of scale {first:g} and {second:g}, too "
            f"small for TensorFlow Lite Micro's {operator.name}; {CONVERT_AGAIN}"
        )
    inputs = (quantize_multiplier(first / twice), quantize_multiplier(second / twice))
    return inputs, quantize_multiplier(factor)


def addition_call(add: Addition) -> KernelCall:
    """The plain kernel."""
    first, second = add.inputs
    return KernelCall(
        operators=(add.operator,),
        kernel="add",
        header="kernels/add.h",
        inputs=(first.index, second.index),
        outputs=(add.output.index,),
        parameters={
            "block": block_fields(add.block),
            "input_1": scaling_fields(first, add.input_multipliers[0]),
            "input_2": scaling_fields(second, add.input_multipliers[1]),
            "output": scaling_fields(add.output, add.output_multiplier),
            "sign_2": add.sign,
            "minimum": add.limits[0],
            "maximum": add.limits[1],
        },
        description=add.description,
        overlaps=overwritable(add.inputs, add.output),
    )


@dataclass(frozen=True)
class Scaling:
    """What the outputs of an addition follow from: the same for every one with these numbers."""

    input_multipliers: tuple[Multiplier, Multiplier]
    output_multiplier: Multiplier
    input_zero_points: tuple[int, int]
    output_zero_point: int
    sign: int
    limits: tuple[int, int]

    def outputs(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
        """The reference's, for two arrays of inputs that broadcast."""
        one, other = (
            Requantization(multiplier, 0, (INT32_MIN, INT32_MAX))((values - zero_point) << LEFT_SHIFT)
            for multiplier, values, zero_point in zip(
                self.input_multipliers, (first, second), self.input_zero_points, strict=True
            )
        )
        whole = Requantization(self.output_multiplier, self.output_zero_point, self.limits)
        return whole(one + self.sign * other)


def scaling_of(add: Addition) -> Scaling:
    """That of a checked addition."""
    first, second = add.inputs
    return Scaling(
        add.input_multipliers,
        add.output_multiplier,
        (first.zero_point, second.zero_point),
        add.output.zero_point,
        add.sign,
        add.limits,
    )


@channels_of.register
def _(add: Addition) -> Channels | None:
    """The outputs never decrease with the first input, nor with the second times its sign."""

    def reach(reaches: Sequence[Reach]) -> Reach:
        first, second = reaches
        ends = (second.least, second.greatest)[:: add.sign]
        outputs = scaling_of(add).outputs
        return Reach(outputs(first.least, ends[0]), outputs(first.greatest, ends[1]))

    return pair_channels(add.inputs, add.output, reach)
