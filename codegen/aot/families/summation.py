"""What MEAN and SUM share: the checked operator and the call of their kernel
(firmware/engines/aot/kernels/mean.h)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, Multiplier, quantize_multipliers
from codegen.aot.arithmetic.one_step import Requantization
from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import KernelCall
from codegen.aot.channels import Channels, Reach, alike, channels_of
from codegen.aot.families.reduction import expect_sums_fit, reduced_blocks, reduction_fields
from codegen.aot.operands import Activation, expect_operands, input_of, output_of
from codegen.aot.requantization import requantization
from contract.graph import Model, Operator
from contract.reducer import ReducerOptions


@dataclass(frozen=True)
class Summation:
    """A checked MEAN or SUM: what every variant of its kernel is made from."""

    operator: Operator
    input: Activation
    output: Activation
    kept: Block  # of the outputs in the input
    reduced: Block  # of the inputs of one output
    multiplier: Multiplier  # from a sum less its zero points to the output: a mean's division is in it
    description: tuple[str, ...]


def read_summation(model: Model, operator: Operator, divide: bool) -> Summation:
    """The operator with everything checked, a mean if it shall `divide`. UserError where its tensors do not
    fit together."""
    expect_operands(operator, inputs=range(2, 3))
    options = operator.options
    assert isinstance(options, ReducerOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    kept, reduced = reduced_blocks(model, operator, input, output, options.keep_dims)
    count = math.prod(reduced.sizes)
    (multiplier,) = quantize_multipliers((input.scale / output.scale,), str(operator))
    if divide:
        multiplier = _divided(multiplier, count)
    expect_sums_fit(operator, count, multiplier)
    return Summation(
        operator=operator,
        input=input,
        output=output,
        kept=kept,
        reduced=reduced,
        multiplier=multiplier,
        description=(
            f"{operator.name} of {count:,}",
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def _divided(scale: Multiplier, count: int) -> Multiplier:
    """QuantizedMeanOrSum in tensorflow/lite/kernels/internal/reference/reduce.h: the division by `count` goes
    into the multiplier, which is shifted left as far as that keeps its bits."""
    shift = min(count.bit_length() - 1, 32, 31 + scale.shift)
    return Multiplier((scale.multiplier << shift) // count, scale.shift - shift)


def summation_call(summation: Summation) -> KernelCall:
    """The plain kernel."""
    return KernelCall(
        operators=(summation.operator,),
        kernel="mean",
        header="kernels/mean.h",
        inputs=(summation.input.index,),
        outputs=(summation.output.index,),
        parameters={
            **reduction_fields(summation.kept, summation.reduced),
            "zero_points": summation.input.zero_point * math.prod(summation.reduced.sizes),
            "requantization": requantization((summation.multiplier,), summation.output, (INT8_MIN, INT8_MAX)),
        },
        description=summation.description,
    )


@channels_of.register
def _(summation: Summation) -> Channels | None:
    """Over other dimensions than the channels; the outputs never decrease with the inputs."""
    ends = [(one.index, one.shape[-1]) for one in (summation.input, summation.output) if one.shape]
    if len(ends) < 2 or ends[0][1] != ends[1][1] or summation.reduced.strides[0][-1] < ends[0][1]:
        return None
    requantize = Requantization(summation.multiplier, summation.output.zero_point, (INT8_MIN, INT8_MAX))
    count = math.prod(summation.reduced.sizes)

    def reach(reaches: Sequence[Reach]) -> Reach:
        centred = [
            count * (one - summation.input.zero_point) for one in (reaches[0].least, reaches[0].greatest)
        ]
        return Reach(*(requantize(one) for one in centred))

    return alike(ends[:1], ends[1], reach)
