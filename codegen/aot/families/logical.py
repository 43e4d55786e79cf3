"""What LOGICAL_AND and LOGICAL_OR share: the checked operator and the call of their kernel
(firmware/engines/aot/kernels/logical.h)."""

from dataclasses import dataclass

from codegen.aot.arithmetic.strides import Block
from codegen.aot.call import KernelCall
from codegen.aot.families.elementwise import block_fields, broadcast_of, described_pair, overwritable
from codegen.aot.operands import Activation, expect_operands, logical
from contract.graph import Model, Operator


@dataclass(frozen=True)
class Logical:
    """A checked LOGICAL_AND or LOGICAL_OR, all of BOOL."""

    operator: Operator
    inputs: tuple[Activation, Activation]
    output: Activation
    block: Block  # of the output, with the strides of both inputs
    description: tuple[str, ...]


def read_logical(model: Model, operator: Operator) -> Logical:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(2, 3))
    first, second = (logical(model.tensors[index], operator, constant=True) for index in operator.inputs)
    output = logical(model.tensors[operator.outputs[0]], operator)
    return Logical(
        operator=operator,
        inputs=(first, second),
        output=output,
        block=broadcast_of(operator, first, second, output),
        description=described_pair(operator.name, first, second, output),
    )


def logical_call(checked: Logical, both: int) -> KernelCall:
    """The plain kernel, for what holds where `both` inputs do, or one of them."""
    return KernelCall(
        operators=(checked.operator,),
        kernel="logical",
        header="kernels/logical.h",
        inputs=(checked.inputs[0].index, checked.inputs[1].index),
        outputs=(checked.output.index,),
        parameters={"block": block_fields(checked.block), "both": both},
        description=checked.description,
        overlaps=overwritable(checked.inputs, checked.output),
    )
