"""L2_NORMALIZATION: firmware/engines/aot/kernels/l2_normalization.h."""

from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.call import KernelCall
from codegen.aot.operands import (
    Activation,
    expect_operands,
    expect_quantization,
    expect_shape,
    input_of,
    output_of,
)
from codegen.aot.overlap import IN_PLACE
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.l2_normalization import L2NormalizationOptions

OUTPUT_PARTS = 128  # of 1: the scale is 1/128
MOST_DIMENSIONS = 4  # of the reference
MOST_VALUES = (2**31 - 1) // 255**2  # whose squares fit int32


@dataclass(frozen=True)
class L2Normalization:
    """A checked L2_NORMALIZATION over the last dimension."""

    operator: Operator
    input: Activation
    output: Activation  # of the input's shape, scale 1/128, zero point 0
    rows: int
    depth: int
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> L2Normalization:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    options = operator.options
    assert isinstance(options, L2NormalizationOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    expect_shape(operator, output.tensor, input.shape)
    if options.activation != "NONE":
        raise UserError(f"{operator} has the fused activation {options.activation}, which none runs")
    if len(input.shape) > MOST_DIMENSIONS:
        raise UserError(f"{operator} has {len(input.shape)} dimensions; TensorFlow Lite Micro takes four")
    expect_quantization(operator, output, OUTPUT_PARTS, 0)
    depth = input.shape[-1]
    if depth > MOST_VALUES:
        raise UserError(f"{operator} normalises {depth:,} values, the engine takes at most {MOST_VALUES:,}")
    return L2Normalization(
        operator=operator,
        input=input,
        output=output,
        rows=input.tensor.elements // depth,
        depth=depth,
        description=(
            operator.name,
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def portable(checked: L2Normalization) -> KernelCall:
    """The plain kernel."""
    return KernelCall(
        operators=(checked.operator,),
        kernel="l2_normalization",
        header="kernels/l2_normalization.h",
        inputs=(checked.input.index,),
        outputs=(checked.output.index,),
        parameters={
            "rows": checked.rows,
            "depth": checked.depth,
            "zero_point": checked.input.zero_point,
        },
        description=checked.description,
        overlaps={checked.input.index: IN_PLACE},
    )
