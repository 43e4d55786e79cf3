"""What REDUCE_MAX and REDUCE_MIN share: the checked operator and the call of their kernel
(firmware/engines/aot/kernels/reduce_extreme.h)."""

from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import KernelCall
from codegen.aot.families.reduction import reduced_blocks, reduction_fields
from codegen.aot.operands import (
    Activation,
    expect_operands,
    expect_unchanged_quantization,
    input_of,
    output_of,
)
from contract.graph import Model, Operator
from contract.reducer import ReducerOptions


@dataclass(frozen=True)
class ReducedExtreme:
    """A checked REDUCE_MAX or REDUCE_MIN."""

    operator: Operator
    sign: int  # 1 for the greatest value, -1 for the least
    input: Activation
    output: Activation
    kept: Block  # of the outputs in the input
    reduced: Block  # of the inputs of one output
    description: tuple[str, ...]


def read_reduced_extreme(model: Model, operator: Operator, sign: int) -> ReducedExtreme:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    options = operator.options
    assert isinstance(options, ReducerOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    expect_unchanged_quantization(operator, input, output)
    kept, reduced = reduced_blocks(model, operator, input, output, options.keep_dims)
    return ReducedExtreme(
        operator=operator,
        sign=sign,
        input=input,
        output=output,
        kept=kept,
        reduced=reduced,
        description=(
            operator.name,
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def reduced_extreme_call(extreme: ReducedExtreme) -> KernelCall:
    """The plain kernel."""
    return KernelCall(
        operators=(extreme.operator,),
        kernel="reduce_extreme",
        header="kernels/reduce_extreme.h",
        inputs=(extreme.input.index,),
        outputs=(extreme.output.index,),
        parameters={**reduction_fields(extreme.kept, extreme.reduced), "sign": extreme.sign},
        description=extreme.description,
    )
