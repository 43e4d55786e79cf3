"""What the comparisons share: the checked operator and the call of their kernel
(firmware/engines/aot/kernels/compare.h)."""

from dataclasses import dataclass

from codegen.aot.arithmetic.fixed_point import Multiplier, quantize_multiplier
from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import KernelCall
from codegen.aot.families.elementwise import (
    block_fields,
    broadcast_of,
    described_pair,
    operands_of,
    overwritable,
    scaling_fields,
)
from codegen.aot.operands import CONVERT_AGAIN, Activation, expect_operands, logical
from contract.errors import UserError
from contract.graph import Model, Operator

# Which outcomes of a comparison are true, as bits: 1 less, 2 equal, 4 greater.
OUTCOMES = {"<": 1, "==": 2, "<=": 3, ">": 4, "!=": 5, ">=": 6}


@dataclass(frozen=True)
class Comparison:
    """A checked comparison."""

    operator: Operator
    inputs: tuple[Activation, Activation]
    output: Activation  # BOOL
    block: Block  # of the output, with the strides of both inputs
    multipliers: tuple[Multiplier, Multiplier]
    description: tuple[str, ...]


def read_comparison(model: Model, operator: Operator) -> Comparison:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    first, second = operands_of(model, operator)
    output = logical(model.tensors[operator.outputs[0]], operator)
    for one in (first, second):
        if one.scale >= 1:
            raise UserError(
                f"{operator} compares {one.tensor} of scale {one.scale:g}, TensorFlow Lite Micro takes those "
                f"below 1; {CONVERT_AGAIN}"
            )
    return Comparison(
        operator=operator,
        inputs=(first, second),
        output=output,
        block=broadcast_of(operator, first, second, output),
        # ComparisonsPrepare in tensorflow/lite/micro/kernels/comparisons.cc
        multipliers=(quantize_multiplier(first.scale), quantize_multiplier(second.scale)),
        description=described_pair(operator.name, first, second, output),
    )


def comparison_call(comparison: Comparison, relation: str) -> KernelCall:
    """The plain kernel."""
    first, second = comparison.inputs
    return KernelCall(
        operators=(comparison.operator,),
        kernel="compare",
        header="kernels/compare.h",
        inputs=(first.index, second.index),
        outputs=(comparison.output.index,),
        parameters={
            "block": block_fields(comparison.block),
            "input_1": scaling_fields(first, comparison.multipliers[0]),
            "input_2": scaling_fields(second, comparison.multipliers[1]),
            "outcomes": OUTCOMES[relation],
        },
        description=comparison.description,
        overlaps=overwritable(comparison.inputs, comparison.output),
    )
