"""MUL: firmware/engines/aot/kernels/mul.h."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import Multiplier, quantize_multipliers
from codegen.aot.arithmetic.one_step import Requantization
from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import Constant, KernelCall
from codegen.aot.channels import Channels, Reach, channels_of
from codegen.aot.families.elementwise import (
    block_fields,
    broadcast_of,
    described_pair,
    operands_of,
    overwritable,
    pair_channels,
)
from codegen.aot.families.pairs import constant_pair
from codegen.aot.families.real import Real, clamped
from codegen.aot.families.values import Values
from codegen.aot.operands import CONVERT_AGAIN, Activation, expect_operands, output_of
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.mul import MulOptions

# Of a product of two int8 values less their zero points, 255 * 255 at most, within int32.
MOST_LEFT_SHIFT = 14


@dataclass(frozen=True)
class Multiplication:
    """A checked MUL."""

    operator: Operator
    inputs: tuple[Activation, Activation]
    output: Activation
    block: Block  # of the output, with the strides of both inputs
    multiplier: Multiplier
    limits: tuple[int, int]  # of the output, by the fused activation
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Multiplication:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    options = operator.options
    assert isinstance(options, MulOptions)
    first, second = operands_of(model, operator)
    output = output_of(model, operator)
    # CalculateOpDataMul in tensorflow/lite/micro/kernels/mul_common.cc, in float64.
    (multiplier,) = quantize_multipliers((first.scale * second.scale / output.scale,), str(operator))
    if multiplier.shift > MOST_LEFT_SHIFT:
        raise UserError(
            f"{operator} has an output of scale {output.scale:g} for inputs of scale {first.scale:g} and "
            f"{second.scale:g}: its products overflow int32 in TensorFlow Lite Micro; {CONVERT_AGAIN}"
        )
    return Multiplication(
        operator=operator,
        inputs=(first, second),
        output=output,
        block=broadcast_of(operator, first, second, output),
        multiplier=multiplier,
        limits=output.limits(options.activation, operator),
        description=described_pair(
            f"{operator.name}, {describe.activation(options.activation)}", first, second, output
        ),
    )


def portable(mul: Multiplication) -> KernelCall:
    """The plain kernel."""
    first, second = mul.inputs
    return KernelCall(
        operators=(mul.operator,),
        kernel="mul",
        header="kernels/mul.h",
        inputs=(first.index, second.index),
        outputs=(mul.output.index,),
        parameters={
            "block": block_fields(mul.block),
            "zero_point_1": first.zero_point,
            "zero_point_2": second.zero_point,
            "requantization": {
                "multipliers": Constant("multipliers", np.array([mul.multiplier.multiplier], np.int32)),
                "shifts": Constant("shifts", np.array([mul.multiplier.shift], np.int8)),
                "per_channel": 0,
                "zero_point": mul.output.zero_point,
                "minimum": mul.limits[0],
                "maximum": mul.limits[1],
            },
        },
        description=mul.description,
        overlaps=overwritable(mul.inputs, mul.output),
    )


def real(operator: Operator, first: Real, second: Real) -> Real:
    """The product of float32."""
    options = operator.options
    assert isinstance(options, MulOptions)
    return clamped(first * second, options.activation)


def constant(model: Model, operator: Operator) -> Values | None:
    """The product of two constant integers without a scale."""
    return constant_pair(model, operator, np.multiply)


@channels_of.register
def _(mul: Multiplication) -> Channels | None:
    """A product is least and greatest at two of the four corners of its factors."""
    requantize = Requantization(mul.multiplier, mul.output.zero_point, mul.limits)

    def reach(reaches: Sequence[Reach]) -> Reach:
        first, second = (
            (reach.least - one.zero_point, reach.greatest - one.zero_point)
            for reach, one in zip(reaches, mul.inputs, strict=True)
        )
        corners = np.array([requantize(a * b) for a in first for b in second])
        return Reach(corners.min(axis=0), corners.max(axis=0))

    return pair_channels(mul.inputs, mul.output, reach)
