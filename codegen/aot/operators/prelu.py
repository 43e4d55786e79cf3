"""PRELU: firmware/engines/aot/kernels/prelu.h."""

from dataclasses import dataclass

import numpy as np

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, Multiplier, quantize_multipliers
from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import KernelCall
from codegen.aot.families.elementwise import (
    block_fields,
    broadcast_of,
    described_pair,
    operands_of,
    overwritable,
)
from codegen.aot.families.real import Real
from codegen.aot.operands import CONVERT_AGAIN, Activation, expect_operands, output_of
from codegen.aot.operators.mul import MOST_LEFT_SHIFT
from codegen.aot.requantization import requantization
from contract.errors import UserError
from contract.graph import Model, Operator


@dataclass(frozen=True)
class Prelu:
    """A checked PRELU."""

    operator: Operator
    inputs: tuple[Activation, Activation]  # the data and alpha
    output: Activation
    block: Block  # of the output, with the strides of both inputs
    positive: Multiplier  # of inputs of 0 and more
    negative: Multiplier  # of the others times alpha
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Prelu:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    data, alpha = operands_of(model, operator)
    output = output_of(model, operator)
    # CalculatePreluParams in tensorflow/lite/micro/kernels/prelu_common.cc, in float64.
    positive, negative = quantize_multipliers(
        (data.scale / output.scale, data.scale * alpha.scale / output.scale), str(operator)
    )
    if max(positive.shift, negative.shift) > MOST_LEFT_SHIFT:
        raise UserError(
            f"{operator} has an output of scale {output.scale:g} for an input of scale {data.scale:g}: its "
            f"products overflow int32 in TensorFlow Lite Micro; {CONVERT_AGAIN}"
        )
    return Prelu(
        operator=operator,
        inputs=(data, alpha),
        output=output,
        block=broadcast_of(operator, data, alpha, output),
        positive=positive,
        negative=negative,
        description=described_pair(operator.name, data, alpha, output),
    )


def portable(prelu: Prelu) -> KernelCall:
    """The plain kernel."""
    data, alpha = prelu.inputs
    limits = (INT8_MIN, INT8_MAX)
    return KernelCall(
        operators=(prelu.operator,),
        kernel="prelu",
        header="kernels/prelu.h",
        inputs=(data.index, alpha.index),
        outputs=(prelu.output.index,),
        parameters={
            "block": block_fields(prelu.block),
            "zero_point": data.zero_point,
            "alpha_zero_point": alpha.zero_point,
            # Channel 0 for inputs of 0 and more, channel 1 for the others.
            "requantization": requantization((prelu.positive, prelu.negative), prelu.output, limits),
        },
        description=prelu.description,
        overlaps=overwritable(prelu.inputs, prelu.output),
    )


def real(operator: Operator, input: Real, alpha: Real) -> Real:
    """BroadcastPrelu4DSlowFloat in tensorflow/lite/micro/kernels/prelu_common.cc."""
    return np.where(input >= 0, input, input * alpha)
