"""SVDF: firmware/engines/aot/kernels/svdf.h."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN, INT32_MAX, Multiplier, quantize_multipliers
from codegen.aot.call import Constant, KernelCall
from codegen.aot.operands import (
    CONVERT_AGAIN,
    Activation,
    expect_operands,
    expect_shape,
    input_of,
    output_of,
    quantised,
    weights_of,
)
from codegen.aot.requantization import requantization
from contract.errors import UserError
from contract.graph import ABSENT, Model, Operator
from contract.operators.svdf import SvdfOptions

STATES = ("INT8", "INT16")


@dataclass(frozen=True)
class Svdf:
    """A checked SVDF."""

    operator: Operator
    input: Activation  # (1, inputs)
    output: Activation  # (1, units)
    state: Activation  # (1, filters * memory), a variable of int8 or int16
    rank: int
    features: NDArray[np.int8]  # (filters, inputs)
    times: NDArray[np.integer]  # (filters, memory), of the state's type
    bias: NDArray[np.int32]  # (units,)
    to_state: Multiplier
    to_output: Multiplier
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Svdf:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    expect_operands(operator, inputs=range(5, 6))
    options = operator.options
    assert isinstance(options, SvdfOptions)
    input, output = input_of(model, operator), output_of(model, operator)
    features, features_quantization = weights_of(model, operator, rank=2)
    times = quantised(model.tensors[operator.inputs[2]], operator, STATES, constant=True)
    state = quantised(model.tensors[operator.inputs[4]], operator, STATES)
    bias = None if operator.inputs[3] == ABSENT else model.tensors[operator.inputs[3]]
    filters, inputs = features.shape
    rank = options.rank
    if (
        rank < 1
        or filters % rank
        or input.shape != (1, inputs)
        or len(times.shape) != 2
        or times.shape[0] != filters
        or times.tensor.data is None
        or times.tensor.type != state.tensor.type
        or not state.tensor.is_variable
        or features_quantization.per_channel
        or bias is None
        or bias.data is None
        or (bias.type, bias.shape) != ("INT32", (filters // rank,))
    ):
        raise UserError(
            f"{operator} has tensors that do not fit together: an input of shape {list(input.shape)}, "
            "weights of "
            f"shape {list(features.shape)} and {list(times.shape)}, rank {rank}; {CONVERT_AGAIN}"
        )
    memory = times.shape[1]
    expect_shape(operator, state.tensor, (1, filters * memory))
    expect_shape(operator, output.tensor, (1, filters // rank))
    # PrepareSvdf in tensorflow/lite/micro/kernels/svdf_common.cc.
    to_state, to_output = quantize_multipliers(
        (
            float(
                np.float32(input.scale) * np.float32(features_quantization.scale) / np.float32(state.scale)
            ),
            float(np.float32(state.scale) * np.float32(times.scale) / np.float32(output.scale)),
        ),
        str(operator),
    )
    if inputs * 255 * 128 << max(0, to_state.shift) > INT32_MAX or to_output.shift > 0:
        raise UserError(f"{operator} can overflow its 32-bit accumulators; {CONVERT_AGAIN}")
    return Svdf(
        operator=operator,
        input=input,
        output=output,
        state=state,
        rank=rank,
        features=np.array(features.values, np.int8),
        times=np.array(times.tensor.values),
        bias=np.array(bias.values, np.int32),
        to_state=to_state,
        to_output=to_output,
        description=(
            f"{operator.name} of rank {rank}, {memory} steps",
            describe.tensor("input", input.tensor),
            describe.tensor("weights", features),
            describe.tensor("state", state.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def portable(svdf: Svdf) -> KernelCall:
    """The plain kernel."""
    filters, inputs = svdf.features.shape
    limits = np.iinfo(svdf.state.tensor.dtype)
    to_state = requantization((svdf.to_state,), svdf.state, (int(limits.min), int(limits.max)))
    return KernelCall(
        operators=(svdf.operator,),
        kernel="svdf",
        header="kernels/svdf.h",
        inputs=(svdf.input.index,),
        outputs=(svdf.output.index, svdf.state.index),
        parameters={
            "inputs": inputs,
            "filters": filters,
            "memory": svdf.times.shape[1],
            "rank": svdf.rank,
            "input_zero_point": svdf.input.zero_point,
            "state_is_wide": int(svdf.state.tensor.type == "INT16"),
            "features": Constant("features", svdf.features),
            "times": Constant("times", svdf.times.astype(np.int16)),
            "bias": Constant("bias", svdf.bias),
            "state": to_state,
            "output": requantization((svdf.to_output,), svdf.output, (INT8_MIN, INT8_MAX)),
        },
        description=svdf.description,
    )
