"""An operator's tensors, checked: what the planners may rely on without looking again.

Each function returns what it names or raises a UserError that names operator and tensor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import (
    INT8_MAX,
    INT8_MIN,
    INT32_MAX,
    INT32_MIN,
    Multiplier,
    activation_range,
)
from codegen.aot.arithmetic.windows import Windows
from contract.errors import UserError
from contract.graph import ABSENT, Model, Operator, Quantization, Tensor

CONVERT_AGAIN = "convert the model again"


@dataclass(frozen=True)
class Activation:
    """An int8 tensor that exists while the model runs, quantised with one scale and one zero point. At a
    model's edge it may be uint8; a BOOL counts as quantised with 1 and 0."""

    tensor: Tensor
    quantization: Quantization

    @property
    def shape(self) -> tuple[int, ...]:
        return self.tensor.shape

    @property
    def index(self) -> int:
        return self.tensor.index

    @property
    def scale(self) -> float:
        return self.quantization.scale

    @property
    def zero_point(self) -> int:
        return self.quantization.zero_point

    def is_quantised_as(self, other: "Activation") -> bool:
        return (self.scale, self.zero_point) == (other.scale, other.zero_point)

    def limits(self, activation: str, operator: Operator) -> tuple[int, int]:
        """The least and the greatest value behind the fused `activation` of `operator`, which writes this."""
        return activation_range(activation, self.scale, self.zero_point, str(operator))


def expect_operands(operator: Operator, inputs: range, outputs: int = 1) -> None:
    """Refuse an operator with another number of inputs or outputs."""
    if len(operator.inputs) not in inputs or len(operator.outputs) != outputs:
        raise UserError(
            f"{operator} has {len(operator.inputs)} inputs and {len(operator.outputs)} outputs, which this "
            f"engine does not know; {CONVERT_AGAIN}"
        )


def input_of(model: Model, operator: Operator) -> Activation:
    """The operator's first input."""
    return quantised(model.tensors[operator.inputs[0]], operator)


def operand_of(model: Model, operator: Operator, place: int) -> Activation:
    """One of the operator's inputs, which may be a constant: the kernel then reads it from flash."""
    return quantised(model.tensors[operator.inputs[place]], operator, constant=True)


def integers_of(model: Model, operator: Operator, place: int) -> list[int]:
    """The values of an input of constant INT32 (axes, sizes, paddings), in row-major order."""
    index = operator.inputs[place] if place < len(operator.inputs) else ABSENT
    tensor = None if index == ABSENT else model.tensors[index]
    if tensor is None or tensor.type != "INT32" or tensor.data is None:
        what = "nothing" if tensor is None else str(tensor)
        raise UserError(f"{operator} has {what} as input {place}, not constant INT32; {CONVERT_AGAIN}")
    return [int(value) for value in np.array(tensor.values, np.int32).ravel()]


def axis_of(operator: Operator, axis: int, rank: int) -> int:
    """An axis of `rank` dimensions, counted from the front. UserError where it is none."""
    if not -rank <= axis < rank:
        raise UserError(f"{operator} names axis {axis} of {rank} dimensions; {CONVERT_AGAIN}")
    return axis % rank


def outputs_of(model: Model, operator: Operator) -> list[Activation]:
    """All outputs of the operator."""
    return [quantised(model.tensors[index], operator) for index in operator.outputs]


def output_of(model: Model, operator: Operator) -> Activation:
    """The operator's output."""
    return quantised(model.tensors[operator.outputs[0]], operator)


def quantised(
    tensor: Tensor, operator: Operator, types: tuple[str, ...] = ("INT8",), constant: bool = False
) -> Activation:
    """A tensor of `operator` that is of one of `types` and no constant, unless it may be one."""
    quantization = tensor.quantization
    if tensor.type not in types or quantization is None or quantization.per_channel:
        raise UserError(
            f"{operator} works on {tensor}, which is not per-tensor quantised {' or '.join(types)}; "
            f"{CONVERT_AGAIN}"
        )
    if not constant:
        _expect_activation(tensor, operator)
    expect_elements(tensor, operator)
    limits = np.iinfo(tensor.dtype)
    if not limits.min <= quantization.zero_point <= limits.max:
        raise UserError(
            f"{tensor} has the zero point {quantization.zero_point}, not an {limits.dtype}; {CONVERT_AGAIN}"
        )
    return Activation(tensor, quantization)


def logical(tensor: Tensor, operator: Operator, constant: bool = False) -> Activation:
    """A tensor of `operator` that is BOOL, a byte of 0 or 1 an element, and no constant unless it may be."""
    if tensor.type != "BOOL":
        raise UserError(f"{operator} works on {tensor} of type {tensor.type}, not BOOL; {CONVERT_AGAIN}")
    if not constant:
        _expect_activation(tensor, operator)
    expect_elements(tensor, operator)
    return Activation(tensor, Quantization((1.0,), (0,), 0))


def real_of(tensor: Tensor, operator: Operator) -> Tensor:
    """A tensor of `operator` that is FLOAT32 and no constant."""
    if tensor.type != "FLOAT32":
        raise UserError(f"{operator} works on {tensor} of type {tensor.type}, not FLOAT32; {CONVERT_AGAIN}")
    _expect_activation(tensor, operator)
    expect_elements(tensor, operator)
    return tensor


def expect_elements(tensor: Tensor, operator: Operator) -> None:
    """Refuse a tensor of no elements."""
    if 0 in tensor.shape:
        raise UserError(f"{operator} works on {tensor} of shape {list(tensor.shape)}; {CONVERT_AGAIN}")


def _expect_activation(tensor: Tensor, operator: Operator) -> None:
    if tensor.data is not None:
        raise UserError(
            f"{operator} works on the constant {tensor}; {CONVERT_AGAIN} and let it fold constants"
        )


def weights_of(
    model: Model, operator: Operator, rank: int, dimension: int = 0
) -> tuple[Tensor, Quantization]:
    """The operator's second input: constant int8 weights with zero points of 0 and, where they are per
    channel, a scale for each slice along `dimension` of `rank`."""
    tensor = model.tensors[operator.inputs[1]]
    quantization = tensor.quantization
    if tensor.type != "INT8" or tensor.data is None or quantization is None:
        raise UserError(f"{operator} has weights in {tensor} that are not constant quantised INT8")
    if len(tensor.shape) != rank or 0 in tensor.shape:
        raise UserError(f"{operator} has weights of shape {list(tensor.shape)} in {tensor}; {CONVERT_AGAIN}")
    if any(quantization.zero_points):
        raise UserError(f"{operator} has weights with a zero point other than 0 in {tensor}; {CONVERT_AGAIN}")
    if quantization.per_channel and quantization.dimension != dimension:
        raise UserError(
            f"{operator} has weights quantised along dimension {quantization.dimension} in {tensor}, "
            f"not along its outputs; {CONVERT_AGAIN}"
        )
    return tensor, quantization


def bias_of(
    model: Model,
    operator: Operator,
    channels: int,
    input: Quantization,
    weights: Quantization,
    place: int = 2,
) -> NDArray[np.int32] | None:
    """The operator's input at `place`, int32 (channels,), or None where it has none.

    The bias is added to sums of products, so its scale must be input scale * weight scale.
    """
    if len(operator.inputs) <= place or operator.inputs[place] == ABSENT:
        return None
    tensor = model.tensors[operator.inputs[place]]
    if tensor.type != "INT32" or tensor.data is None or tensor.elements != channels:
        raise UserError(
            f"{operator} has a bias of type {tensor.type} and shape {list(tensor.shape)} in {tensor} "
            f"instead of {channels} constant INT32; {CONVERT_AGAIN}"
        )
    if tensor.quantization is not None:
        given = np.array(tensor.quantization.scales)
        wanted = input.scale * np.array(weights.scales)
        if given.size not in (1, wanted.size) or not np.allclose(given, wanted, rtol=0.01, atol=0):
            raise UserError(
                f"{operator} has a bias in {tensor} whose scale is not input scale * weight scale; "
                f"{CONVERT_AGAIN}"
            )
        if any(tensor.quantization.zero_points):
            raise UserError(f"{operator} has a bias with a zero point in {tensor}; {CONVERT_AGAIN}")
    return np.array(tensor.values, np.int32).reshape(channels)


def expect_shape(operator: Operator, tensor: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse a tensor of another shape than the operator's inputs and options give it."""
    if tensor.shape != shape:
        raise UserError(
            f"{operator} has {tensor} of shape {list(tensor.shape)} where its inputs and options give "
            f"{list(shape)}; {CONVERT_AGAIN}"
        )


def expect_reach(operator: Operator, *sides: Windows) -> None:
    """Refuse windows so far apart that their places are no int32: the reference computes with those."""
    furthest = max(side.furthest for side in sides)
    if furthest > INT32_MAX:
        raise UserError(
            f"{operator} has windows, strides or a dilation that reach over {furthest:,} pixels, which "
            f"TensorFlow Lite Micro cannot count; {CONVERT_AGAIN}"
        )


def expect_same_quantization(operator: Operator, input: Activation, output: Activation) -> None:
    """Refuse different quantisations on the two sides of an operator that copies values (PoolingPrepare in
    tensorflow/lite/micro/kernels/pooling_common.cc, with its tolerance)."""
    if (
        abs(input.quantization.scale - output.quantization.scale) > 1e-6
        or input.quantization.zero_point != output.quantization.zero_point
    ):
        raise UserError(
            f"{operator} copies values from {input.tensor} to {output.tensor}, which are quantised "
            f"differently; {CONVERT_AGAIN}"
        )


def expect_unchanged_quantization(operator: Operator, input: Activation, output: Activation) -> None:
    """Refuse any difference between the quantisations on the two sides of an operator."""
    if not input.is_quantised_as(output):
        raise UserError(
            f"{operator} has an output of another scale or zero point than its input; {CONVERT_AGAIN}"
        )


def expect_quantization(operator: Operator, output: Activation, parts: int, zero_point: int) -> None:
    """Refuse an output of another scale than 1 / `parts`, or of another zero point."""
    if (output.scale, output.zero_point) != (1 / parts, zero_point):
        raise UserError(
            f"{operator} has {output.tensor} of scale {output.scale:g} and zero point {output.zero_point} "
            f"instead of 1/{parts} and {zero_point}; {CONVERT_AGAIN}"
        )


def expect_accumulators_fit(
    operator: Operator,
    weights: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    input: Quantization,
    multipliers: tuple[Multiplier, ...],
) -> None:
    """Refuse weights (channels, products) and a bias whose sums can leave 32 bits, or can do so after the
    left shift of the requantisation, for some input.

    Padding leaves products out, which moves a sum towards the bias, as every product can be 0.
    """
    smallest, greatest = INT8_MIN - input.zero_point, INT8_MAX - input.zero_point
    positive = np.maximum(weights, 0).astype(np.int64).sum(axis=1)
    negative = np.minimum(weights, 0).astype(np.int64).sum(axis=1)
    offset = np.zeros(len(weights), np.int64) if bias is None else bias.astype(np.int64)
    # The bias is added last: the sum must fit without it, too.
    low, high = positive * smallest + negative * greatest, positive * greatest + negative * smallest
    scale = np.array([2 ** max(0, multiplier.shift) for multiplier in multipliers], np.float64)
    for least, most in ((low * 1.0, high * 1.0), ((low + offset) * scale, (high + offset) * scale)):
        if least.min() < INT32_MIN or most.max() > INT32_MAX:
            raise UserError(
                f"{operator} can overflow its 32-bit accumulators with these weights, biases and scales; "
                f"{CONVERT_AGAIN}"
            )
