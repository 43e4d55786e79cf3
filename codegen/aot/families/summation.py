"""What MEAN and SUM share: the checked operator and the call of their kernel
(firmware/engines/aot/kernels/mean.h)."""

import math
from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, Multiplier, quantize_multipliers
from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import KernelCall
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
