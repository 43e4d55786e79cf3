"""CAST: firmware/engines/aot/kernels/cast.h."""

from dataclasses import dataclass

import numpy as np

from codegen.aot import describe
from codegen.aot.call import KernelCall
from codegen.aot.families.values import Values, constants_of
from codegen.aot.operands import CONVERT_AGAIN, expect_operands, expect_shape
from contract.errors import UserError
from contract.graph import Model, Operator, Tensor

INPUTS, OUTPUTS = ("INT8", "INT32", "BOOL"), ("INT8", "INT32", "FLOAT32")


@dataclass(frozen=True)
class Cast:
    """A checked CAST: of the numbers as they are, whatever their scales."""

    operator: Operator
    input: Tensor
    output: Tensor
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Cast:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    input, output = model.tensors[operator.inputs[0]], model.tensors[operator.outputs[0]]
    if input.type not in INPUTS or output.type not in OUTPUTS or input.data is not None:
        raise UserError(f"{operator} turns {input} of {input.type} into {output.type}; {CONVERT_AGAIN}")
    expect_shape(operator, output, input.shape)
    description = (operator.name, describe.tensor("input", input), describe.tensor("output", output))
    return Cast(operator, input, output, description)


def portable(cast: Cast) -> KernelCall:
    """The plain kernel."""
    return KernelCall(
        operators=(cast.operator,),
        kernel="cast",
        header="kernels/cast.h",
        inputs=(cast.input.index,),
        outputs=(cast.output.index,),
        parameters={
            "count": cast.input.elements,
            "input_bytes": cast.input.dtype.itemsize,
            "output_bytes": cast.output.dtype.itemsize,
            "to_real": int(cast.output.type == "FLOAT32"),
        },
        description=cast.description,
    )


def constant(model: Model, operator: Operator) -> Values | None:
    """The output where the input is a constant."""
    values = constants_of(model, operator)
    return None if values is None else values[0].astype(model.tensors[operator.outputs[0]].dtype)


def real(operator: Operator, input: Values) -> Values:
    """Of float32 and bool: a bool becomes 0 or 1."""
    return input.astype(np.float32)
