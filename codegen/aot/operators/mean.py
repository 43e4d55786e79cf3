"""MEAN: firmware/engines/aot/kernels/mean.h."""

import math
from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, Multiplier, quantize_multiplier
from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import KernelCall
from codegen.aot.operands import Activation, expect_operands, input_of, output_of
from codegen.aot.reduction import expect_sums_fit, reduced_blocks, reduction_fields
from codegen.aot.requantization import requantization
from contract.graph import Model, Operator
from contract.operators.mean import ReducerOptions


@dataclass(frozen=True)
class Mean:
    """A checked MEAN: what every variant of its kernel is made from."""

    operator: Operator
    input: Activation
    output: Activation
    kept: Block  # of the outputs in the input
    reduced: Block  # of the inputs of one output
    multiplier: Multiplier  # from a sum less its zero points to the output: the division is in it
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Mean:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    options = operator.options
    assert isinstance(options, ReducerOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    kept, reduced = reduced_blocks(model, operator, input, output, options.keep_dims)
    count = math.prod(reduced.sizes)
    multiplier = _mean_multiplier(quantize_multiplier(input.scale / output.scale), count)
    expect_sums_fit(operator, count, multiplier)
    return Mean(
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


def _mean_multiplier(scale: Multiplier, count: int) -> Multiplier:
    """QuantizedMeanOrSum in tensorflow/lite/kernels/internal/reference/reduce.h: the division by `count` goes
    into the multiplier, which is shifted left as far as that keeps its bits."""
    shift = min(count.bit_length() - 1, 32, 31 + scale.shift)
    return Multiplier((scale.multiplier << shift) // count, scale.shift - shift)


def portable(mean: Mean) -> KernelCall:
    """The plain kernel."""
    return KernelCall(
        operators=(mean.operator,),
        kernel="mean",
        header="kernels/mean.h",
        inputs=(mean.input.index,),
        outputs=(mean.output.index,),
        parameters={
            **reduction_fields(mean.kept, mean.reduced),
            "zero_points": mean.input.zero_point * math.prod(mean.reduced.sizes),
            "requantization": requantization((mean.multiplier,), mean.output, (INT8_MIN, INT8_MAX)),
        },
        description=mean.description,
    )
