"""What is known about an operator, whoever runs it: the type of every entry in contract/operators/."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from contract.graph import Model, Operator
from contract.tables import Table


def _none(model: Model, operator: Operator) -> int:
    return 0


IN_FLOAT_ISLANDS = (
    "runs between a DEQUANTIZE and a QUANTIZE, where all comes from one int8 tensor and single constants, as "
    "part of a table"
)
WITH_VARIABLES = "runs where the variables that it belongs to are read and assigned in the main subgraph"
FLOAT32_FACTOR = "its factor comes from float32, which can round another way"
WITH_CONSTANTS = "runs where its output is known when the code is generated"


@dataclass(frozen=True)
class Support:
    """How far a runtime supports an operator."""

    max_version: int  # of the TFLite converter: tensorflow/lite/tools/versioning/op_version.cc
    per_channel_weights: bool = False
    differs: str = ""  # how its arithmetic is another than the reference's, where some bytes are
    obstacle: Callable[[Model, Operator], str] | None = None  # what it would fail on, or ""


def everywhere(
    max_version: int,
    chirale: str = "",
    arduino: str = "",
    obstacle: Callable[[Model, Operator], str] | None = None,
) -> Mapping[str, Support]:
    """Support by the ahead-of-time engine and both Arduino libraries; how each of these differs, where it
    does, and what both would fail on."""
    return {
        "aot": Support(max_version),
        "tflm-chirale": Support(max_version, differs=chirale, obstacle=obstacle),
        "tflm-arduino": Support(max_version, differs=arduino, obstacle=obstacle),
    }


@dataclass(frozen=True)
class OperatorSpec:
    """One operator of the TFLite schema. The texts end up in docs/operators.md."""

    name: str  # of the schema's BuiltinOperator: CONV_2D
    layer: str  # how a layer is called that nobody has named: conv
    resolver_method: str  # of MicroMutableOpResolver, which registers it with TensorFlow Lite Micro
    runs_on: Mapping[str, Support]  # by the name of the runtime, contract.runtimes.RUNTIMES
    attributes: Mapping[str, str] = field(default_factory=dict)  # what may be chosen, and the values
    limits: tuple[str, ...] = ()  # what the ahead-of-time engine refuses
    options_code: int = 0  # of its table in the schema's union BuiltinOptions
    read_options: Callable[[Table, str], object] | None = None
    data_input: int = 0  # the first input that is data: SPLIT has its axis before it
    input_types: tuple[str, ...] = ("INT8",)  # that input may have
    output_types: tuple[str, ...] = ("INT8",)
    weights_input: int | None = None  # which input holds weights
    stateful: bool = False  # whether what it computes depends on earlier inferences
    rewritten: str = ""  # where the ahead-of-time engine has no kernel: when it can do without
    multiply_accumulates: Callable[[Model, Operator], int] = _none  # of one inference, padding included
    # What the Cortex-M kernels of TensorFlow Lite Micro (CMSIS-NN) ask for in the arena, and the kernels that
    # recorded the arena on the host do not.
    cortex_m_scratch_bytes: Callable[[Model, Operator], int] = _none


def window_products(model: Model, operator: Operator) -> int:
    """Multiply-accumulates where each output element is a sum over the weights of its channel: output
    elements times the products behind each of them. Weights are the second input, (channels, ...)."""
    weights = model.tensors[operator.inputs[1]]
    return model.tensors[operator.outputs[0]].elements * (weights.elements // weights.shape[0])
