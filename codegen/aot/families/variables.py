"""What READ_VARIABLE and ASSIGN_VARIABLE share: the checked copy, and its call
(firmware/engines/aot/kernels/copy_bytes.h)."""

from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.call import KernelCall
from codegen.aot.operands import CONVERT_AGAIN, expect_operands, expect_shape
from contract.errors import UserError
from contract.graph import Model, Operator, Tensor


@dataclass(frozen=True)
class Copy:
    """The bytes of a variable to a value, or of a value to a variable."""

    operator: Operator
    source: Tensor
    target: Tensor  # of the source's type and shape


def read_copy(model: Model, operator: Operator, assigns: bool) -> Copy:
    """The operator with everything checked: its target is the variable if it `assigns`, else its source.
    UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    source, target = model.tensors[operator.inputs[0]], model.tensors[operator.outputs[0]]
    variable = target if assigns else source
    if not variable.is_variable or source.type != target.type:
        raise UserError(f"{operator} has {source} and {target}, not a variable and a value; {CONVERT_AGAIN}")
    expect_shape(operator, target, source.shape)
    return Copy(operator, source, target)


def copy_call(copy: Copy) -> KernelCall:
    """A copy of the bytes."""
    return KernelCall(
        operators=(copy.operator,),
        kernel="copy_bytes",
        header="kernels/copy_bytes.h",
        inputs=(copy.source.index,),
        outputs=(copy.target.index,),
        parameters={"bytes": copy.source.bytes},
        description=(
            copy.operator.name,
            describe.tensor("from", copy.source),
            describe.tensor("to", copy.target),
        ),
    )
