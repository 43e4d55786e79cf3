"""READ_VARIABLE: a copy, or no kernel where the variable keeps its value until all have read it."""

from codegen.aot import describe
from codegen.aot.call import KernelCall
from codegen.aot.operands import CONVERT_AGAIN, expect_operands, expect_shape
from contract.errors import UserError
from contract.graph import Model, Operator, Tensor


def read(model: Model, operator: Operator) -> tuple[Operator, Tensor, Tensor]:
    """The operator, its variable and what it is read into. UserError where they do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    source, target = model.tensors[operator.inputs[0]], model.tensors[operator.outputs[0]]
    if not source.is_variable or source.type != target.type:
        raise UserError(f"{operator} has {source} and {target}, not a variable and a value; {CONVERT_AGAIN}")
    expect_shape(operator, target, source.shape)
    return operator, source, target


def portable(checked: tuple[Operator, Tensor, Tensor]) -> KernelCall:
    """A copy of the bytes."""
    operator, source, target = checked
    return KernelCall(
        operators=(operator,),
        kernel="copy_bytes",
        header="kernels/copy_bytes.h",
        inputs=(source.index,),
        outputs=(target.index,),
        parameters={"bytes": source.bytes},
        description=(
            operator.name,
            describe.tensor("from", source),
            describe.tensor("to", target),
        ),
    )
