"""What each target runtime can run, so that a flatbuffer it would get wrong is refused before it is built.

How far each of them supports an operator stands with the operator, in contract/operators/.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contract.errors import Refusals, UserError
from contract.graph import ABSENT, Model, Operator, Tensor
from contract.operator_spec import IN_FLOAT_ISLANDS
from contract.operators import REGISTRY
from contract.precision import refuse_other_precisions
from contract.protocol import TensorType


@dataclass(frozen=True)
class Runtime:
    """One thing that can run a model on a microcontroller."""

    name: str
    title: str
    most_dimensions: int | None = None  # of any tensor, where it has room for so many

    @property
    def operators(self) -> list[str]:
        """The names of the operators it runs, sorted."""
        return sorted(name for name, spec in REGISTRY.items() if self.name in spec.runs_on)


# A shape of the libraries holds five dimensions, most of their broadcasts assert four in debug builds alone.
_LIBRARY_DIMENSIONS = 4

AOT = Runtime("aot", "the ahead-of-time engine")
TFLM_CHIRALE = Runtime(
    "tflm-chirale",
    "TensorFlow Lite Micro as the Arduino library Chirale_TensorFLowLite 2.0.0",
    _LIBRARY_DIMENSIONS,
)
TFLM_ARDUINO = Runtime(
    "tflm-arduino",
    "TensorFlow Lite Micro as the Arduino library Arduino_TensorFlowLite (2023-12)",
    _LIBRARY_DIMENSIONS,
)

WITHOUT_SCALE = ("FLOAT32", "INT32", "BOOL")  # types that are what they are

# What the pinned tflite-micro runs beyond the operators of the registry, some of it in float32 alone.
REFERENCE_ALONE = frozenset(
    (
        *("ADD_N", "BROADCAST_ARGS", "CUMSUM", "DYNAMIC_UPDATE_SLICE", "EMBEDDING_LOOKUP", "FLOOR_DIV"),
        *("FLOOR_MOD", "GATHER_ND", "IF", "L2_POOL_2D", "REDUCE_ALL"),
        *("WHILE", "ZEROS_LIKE"),
    )
)

RUNTIMES = {runtime.name: runtime for runtime in (AOT, TFLM_CHIRALE, TFLM_ARDUINO)}


# What becomes such an operator, and what does instead.
_CURES = {
    "GELU": 'give the layer activation="swish" or "relu" in place of "gelu"',
    "SELECT": "keras.ops.where on operands of different shapes becomes it; give both sides the same shape",
    "EXP": "softplus, mish, celu, exponential and log_sigmoid become it; use relu, elu, swish or tanh",
    "LOG": "softplus, mish and log_sigmoid become it; use relu, elu, swish or tanh",
    "SQRT": "squareplus becomes it; use relu, elu, swish or tanh",
    "TILE": "repeat by keras.layers.Concatenate of the same tensor",
    "WHILE": "a loop over time becomes it; python -m quantize spells LSTM, GRU and SimpleRNN of a .keras out",
    "IF": "a condition in Python on a tensor becomes it; compute both sides and choose with SELECT_V2",
    "TOPK_V2": "leave the choice of the greatest to the application, which gets all outputs",
    "NON_MAX_SUPPRESSION_V4": "leave the choice of boxes to the application",
    "NON_MAX_SUPPRESSION_V5": "leave the choice of boxes to the application",
    "ERF": 'give the layer activation="swish" or "relu" in place of an exact "gelu"',
    "CONV_3D": "put time into the channels and use Conv2D, or Conv1D over flattened frames",
    "REDUCE_PROD": "take the sum of logarithms before the model",
    "EINSUM": "put the product together from Dense layers or keras.ops.matmul",
    "POW": "multiply the tensor with itself",
}


def check(
    model: Model, runtime: Runtime, rewritten: bool = False, layers: Sequence[str] | None = None
) -> None:
    """Refuse a model that `runtime` cannot run or would get wrong: UserError names operator and tensor and,
    with `layers`, the name of each operator's layer, that too.

    The ahead-of-time engine rewrites the graph before it chooses kernels; what passes alone can run is
    refused where `rewritten` says that they are done.
    """
    refuse_other_precisions(model)
    for index in (*model.inputs, *model.outputs):
        tensor = model.tensors[index]
        where = f"the model's {'input' if index in model.inputs else 'output'}, {tensor},"
        if tensor.data is not None:
            raise UserError(f"{where} is a constant; convert the model again")
        if tensor.type not in TensorType.__members__ or not _quantised_as_a_whole(tensor):
            raise UserError(
                f"{where} is {tensor.type}; it may be per-tensor quantised INT8 or UINT8, or "
                f"{', '.join(WITHOUT_SCALE)}"
            )
        if 0 in tensor.shape:
            raise UserError(f"{where} has no elements; convert the model again")
        if tensor.shape[:1] not in ((1,), ()):
            raise UserError(f"{tensor} has the shape {list(tensor.shape)}; convert with a batch of 1")
    refusals = Refusals()
    for operator in model.operators:
        with refusals.collecting(f"layer {layers[operator.index]}: " if layers else ""):
            _check_operator(model, operator, runtime, rewritten)
    refusals.expect_none(f"operators cannot run on {runtime.title}:")


def differences(model: Model, engine: str) -> list[str]:
    """What the runtimes whose names begin with `engine` compute otherwise than the reference: a text for each
    operator of the model, none for aot."""
    said = {
        operator.name: support.differs
        for operator in model.operators
        for name, support in REGISTRY[operator.name].runs_on.items()
        if name.startswith(engine) and support.differs
    }
    return [f"{name}: {text}" for name, text in said.items()]


def _cure(operator: Operator) -> str:
    """What to do in place of an operator that TensorFlow Lite Micro has not."""
    return _CURES.get(operator.name, "put the layer together from operators of docs/operators.md")


def _reason(operator: Operator) -> str:
    """Why an operator is refused by name, and what to do."""
    if operator.name in REGISTRY:
        return "; docs/operators.md says what runs where, and ENGINE=aot runs it"
    if operator.is_custom:
        return ": it is a custom operator, of which nothing is known; convert without it"
    if operator.name in REFERENCE_ALONE and operator.name not in _CURES:
        return "; docs/adding-an-operator.md says how it is added"
    return f", nor on TensorFlow Lite Micro, which every byte is held against; {_cure(operator)}"


def _quantised_as_a_whole(tensor: Tensor) -> bool:
    """Whether the tensor has one scale and one zero point, or is of a type that has none."""
    quantization = tensor.quantization
    return tensor.type in WITHOUT_SCALE or (quantization is not None and not quantization.per_channel)


def _works_on_int8(model: Model, operator: Operator) -> bool:
    return any(model.tensors[index].type == "INT8" for index in operator.inputs if index != ABSENT)


def _check_operator(model: Model, operator: Operator, runtime: Runtime, rewritten: bool) -> None:
    spec = REGISTRY.get(operator.name)
    if spec is None or runtime.name not in spec.runs_on:
        raise UserError(f"{operator} cannot run on {runtime.title}{_reason(operator)}")
    if spec.rewritten == IN_FLOAT_ISLANDS and _works_on_int8(model, operator):
        raise UserError(
            f"{operator} works on int8, TensorFlow Lite Micro, which every byte is held against, in float32 "
            f"alone; {_cure(operator)}"
        )
    later = runtime is AOT and not rewritten
    if later and (spec.rewritten or spec.stateful):
        return
    may_become_table = later and spec.weights_input is None
    if spec.rewritten and runtime is AOT:
        raise UserError(f"{operator} {spec.rewritten}; {runtime.title} has no kernel for it")
    support = spec.runs_on[runtime.name]
    if support.obstacle is not None and (obstacle := support.obstacle(model, operator)):
        raise UserError(f"{operator} {obstacle}, which {runtime.title} has no room for; use ENGINE=aot")
    ranks = [len(model.tensors[index].shape) for index in (*operator.inputs, *operator.outputs) if index >= 0]
    if runtime.most_dimensions is not None and max(ranks, default=0) > runtime.most_dimensions:
        raise UserError(
            f"{operator} has {max(ranks)} dimensions, {runtime.title} takes {runtime.most_dimensions}; use "
            "ENGINE=aot"
        )
    needed = 1 + (spec.weights_input or spec.data_input)
    if len(operator.inputs) < needed or ABSENT in operator.inputs[:needed] or not operator.outputs:
        raise UserError(f"{operator} lacks an input or its output; convert the model again")
    for index, types in (
        (operator.inputs[spec.data_input], spec.input_types),
        (operator.outputs[0], spec.output_types),
    ):
        tensor = model.tensors[index]
        if may_become_table and tensor.type in (*WITHOUT_SCALE, "RESOURCE"):
            continue
        if tensor.type not in types or not _quantised_as_a_whole(tensor):
            raise UserError(
                f"{operator} works on {tensor} of type {tensor.type}, not on per-tensor quantised "
                f"{' or '.join(types)}; quantise the model to full int8 with python -m quantize"
            )
    if spec.weights_input is not None:
        weights = model.tensors[operator.inputs[spec.weights_input]]
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
