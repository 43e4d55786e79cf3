"""DEQUANTIZE: firmware/engines/aot/kernels/dequantize.h."""

from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.call import KernelCall
from codegen.aot.operands import Activation, expect_operands, expect_shape, quantised, real_of
from contract.graph import Model, Operator, Tensor


@dataclass(frozen=True)
class Dequantizing:
    """A checked DEQUANTIZE."""

    operator: Operator
    input: Activation  # INT8 or UINT8
    output: Tensor  # FLOAT32
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Dequantizing:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(1, 2))
    input = quantised(model.tensors[operator.inputs[0]], operator, ("INT8", "UINT8"))
    output = real_of(model.tensors[operator.outputs[0]], operator)
    expect_shape(operator, output, input.shape)
    description = (
        operator.name,
        describe.tensor("input", input.tensor),
        describe.tensor("output", output),
    )
    return Dequantizing(operator, input, output, description)


def portable(checked: Dequantizing) -> KernelCall:
    """The plain kernel."""
    return KernelCall(
        operators=(checked.operator,),
        kernel="dequantize",
        header="kernels/dequantize.h",
        inputs=(checked.input.index,),
        outputs=(checked.output.index,),
        parameters={
            "count": checked.output.elements,
            "scale": checked.input.scale,
            "zero_point": checked.input.zero_point,
            "is_unsigned": int(checked.input.tensor.type == "UINT8"),
        },
        description=checked.description,
    )
