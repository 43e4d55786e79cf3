"""DIV: firmware/engines/aot/kernels/div.h."""

from dataclasses import dataclass

import numpy as np

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import Multiplier, quantize_multipliers
from codegen.aot.arithmetic.gemmlowp import reciprocal
from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import Constant, KernelCall
from codegen.aot.families.elementwise import (
    block_fields,
    broadcast_of,
    described_pair,
    operands_of,
    overwritable,
)
from codegen.aot.families.real import Real, clamped
from codegen.aot.operands import CONVERT_AGAIN, Activation, expect_operands, output_of
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.div import DivOptions

DIVISORS = 256  # distances of an int8 from its zero point
# A quotient is shifted right by its headroom (23 to 31) plus the bits of the divisor (0 to 7) less this: by 0
# to 31 bits, or the reference's shift is undefined.
LEAST_SHIFT, MOST_SHIFT = 7, 23


@dataclass(frozen=True)
class Division:
    """A checked DIV."""

    operator: Operator
    inputs: tuple[Activation, Activation]
    output: Activation
    block: Block  # of the output, with the strides of both inputs
    multiplier: Multiplier
    limits: tuple[int, int]  # of the output, by the fused activation
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Division:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    options = operator.options
    assert isinstance(options, DivOptions)
    first, second = operands_of(model, operator)
    output = output_of(model, operator)
    # CalculateOpDataDiv in tensorflow/lite/micro/kernels/div.cc.
    factor = first.scale / (second.scale * output.scale)
    (multiplier,) = quantize_multipliers((factor,), str(operator))
    if multiplier.shift > MOST_SHIFT or multiplier.shift < LEAST_SHIFT:
        raise UserError(
            f"{operator} has an output of scale {output.scale:g} for inputs of scale {first.scale:g} and "
            f"{second.scale:g}, which TensorFlow Lite Micro cannot shift by; {CONVERT_AGAIN}"
        )
    return Division(
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


def portable(division: Division) -> KernelCall:
    """The plain kernel."""
    first, second = division.inputs
    factors = np.array([reciprocal(max(1, divisor)) for divisor in range(DIVISORS)], np.int32)
    return KernelCall(
        operators=(division.operator,),
        kernel="div",
        header="kernels/div.h",
        inputs=(first.index, second.index),
        outputs=(division.output.index,),
        parameters={
            "block": block_fields(division.block),
            "zero_point_1": first.zero_point,
            "zero_point_2": second.zero_point,
            "reciprocals": Constant("reciprocals", factors),
            "multiplier": division.multiplier.multiplier,
            "shift": division.multiplier.shift,
            "zero_point": division.output.zero_point,
            "minimum": division.limits[0],
            "maximum": division.limits[1],
        },
        description=division.description,
        overlaps=overwritable(division.inputs, division.output),
    )


def real(operator: Operator, first: Real, second: Real) -> Real:
    """The quotient of float32."""
    options = operator.options
    assert isinstance(options, DivOptions)
    return clamped(first / second, options.activation)
