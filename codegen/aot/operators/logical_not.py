"""LOGICAL_NOT: firmware/engines/aot/kernels/logical_not.h."""

from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.call import KernelCall
from codegen.aot.families.values import Values
from codegen.aot.operands import Activation, expect_operands, expect_shape, logical
from codegen.aot.overlap import IN_PLACE
from contract.graph import Model, Operator


@dataclass(frozen=True)
class LogicalNot:
    """A checked LOGICAL_NOT, of BOOL to BOOL."""

    operator: Operator
    input: Activation
    output: Activation  # of the input's shape
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> LogicalNot:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    input = logical(model.tensors[operator.inputs[0]], operator)
    output = logical(model.tensors[operator.outputs[0]], operator)
    expect_shape(operator, output.tensor, input.shape)
    description = (
        operator.name,
        describe.tensor("input", input.tensor),
        describe.tensor("output", output.tensor),
    )
    return LogicalNot(operator, input, output, description)


def portable(checked: LogicalNot) -> KernelCall:
    """The plain kernel."""
    return KernelCall(
        operators=(checked.operator,),
        kernel="logical_not",
        header="kernels/logical_not.h",
        inputs=(checked.input.index,),
        outputs=(checked.output.index,),
        parameters={"count": checked.input.tensor.elements},
        description=checked.description,
        overlaps={checked.input.index: IN_PLACE},
    )


def real(operator: Operator, input: Values) -> Values:
    """Of bool."""
    return ~input
