"""What each target runtime can run, so that a flatbuffer it would get wrong is refused before it is built.

Operator versions are those of the TFLite converter (tensorflow/lite/tools/versioning/op_version.cc). The
Arduino libraries are both from before TensorFlow Lite Micro knew per-channel FULLY_CONNECTED weights: they
take the first channel's scale for every channel and say nothing (TFLM refuses such models since PR 2602,
May 2024, and runs them since PR 2673, September 2024).
"""

from dataclasses import dataclass

from contract.errors import UserError
from contract.flatbuffer import ABSENT, Model, Operator


@dataclass(frozen=True)
class Support:
    """How far a runtime supports one operator."""

    max_version: int
    per_channel_weights: bool = False


@dataclass(frozen=True)
class Runtime:
    """One thing that can run a model on a microcontroller."""

    name: str
    title: str
    operators: dict[str, Support]


_FIRST_NETWORK = {
    "CONV_2D": Support(max_version=3, per_channel_weights=True),
    "MAX_POOL_2D": Support(max_version=2),
    "RESHAPE": Support(max_version=1),
    "SOFTMAX": Support(max_version=2),
}

AOT = Runtime(
    "aot",
    "the ahead-of-time engine",
    {**_FIRST_NETWORK, "FULLY_CONNECTED": Support(max_version=12, per_channel_weights=True)},
)
TFLM_CHIRALE = Runtime(
    "tflm-chirale",
    "TensorFlow Lite Micro as the Arduino library Chirale_TensorFLowLite 2.0.0",
    {**_FIRST_NETWORK, "FULLY_CONNECTED": Support(max_version=4)},
)
TFLM_ARDUINO = Runtime(
    "tflm-arduino",
    "TensorFlow Lite Micro as the Arduino library Arduino_TensorFlowLite (2023-12)",
    {**_FIRST_NETWORK, "FULLY_CONNECTED": Support(max_version=4)},
)

RUNTIMES = {runtime.name: runtime for runtime in (AOT, TFLM_CHIRALE, TFLM_ARDUINO)}

WEIGHTS = {"CONV_2D": 1, "FULLY_CONNECTED": 1}  # which input of an operator holds its weights


def check(model: Model, runtime: Runtime) -> None:
    """Refuse a model that `runtime` cannot run or would get wrong: UserError names operator and tensor."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"the model has {len(model.inputs)} inputs and {len(model.outputs)} outputs; "
            "one of each is supported"
        )
    for tensor in (model.input, model.output):
        if tensor.data is not None:
            raise UserError(f"the model's input or output, {tensor}, is a constant; convert the model again")
        if tensor.shape[:1] != (1,):
            raise UserError(f"{tensor} has the shape {list(tensor.shape)}; convert with a batch of 1")
    for operator in model.operators:
        _check_operator(model, operator, runtime)


def _check_operator(model: Model, operator: Operator, runtime: Runtime) -> None:
    support = runtime.operators.get(operator.name)
    if support is None:
        supported = ", ".join(sorted(runtime.operators))
        raise UserError(f"{operator} cannot run on {runtime.title}; it runs {supported}")
    needed = operator.inputs[: 1 + WEIGHTS.get(operator.name, 0)]
    if len(needed) <= WEIGHTS.get(operator.name, 0) or ABSENT in needed or not operator.outputs:
        raise UserError(f"{operator} lacks an input or its output; convert the model again")
    for index in (operator.inputs[0], operator.outputs[0]):
        tensor = model.tensors[index]
        if tensor.type != "INT8" or tensor.quantization is None or tensor.quantization.per_channel:
            raise UserError(
                f"{operator} works on {tensor} of type {tensor.type}, not on per-tensor quantised INT8; "
                "quantise the model to full int8 with python -m quantize"
            )
    if operator.name in WEIGHTS:
        weights = model.tensors[operator.inputs[WEIGHTS[operator.name]]]
        if weights.type != "INT8" or weights.quantization is None or weights.data is None:
            raise UserError(
                f"{operator} has weights in {weights} that are not constant quantised INT8; "
                "quantise the model to full int8 with python -m quantize"
            )
        if weights.quantization.per_channel and not support.per_channel_weights:
            raise UserError(
                f"{operator} has per-channel weights in {weights}, which {runtime.title} computes with "
                "one channel's scale for all: wrong numbers, no error; quantise with python -m quantize, "
                "which keeps dense weights per tensor, or use ENGINE=aot"
            )
    if operator.version > support.max_version:
        raise UserError(
            f"{operator} has version {operator.version}, {runtime.title} knows it up to version "
            f"{support.max_version}; convert with an older TensorFlow"
        )
