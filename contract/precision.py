"""What a flatbuffer's layers are quantised to, so that one of another kind is told what makes it int8."""

from contract.errors import UserError
from contract.graph import ABSENT, Model, Tensor
from contract.operators import REGISTRY

_REMEDY = (
    "Quantise it to int8: the TFLite converter does it with optimizations = [tf.lite.Optimize.DEFAULT], a "
    "representative_dataset and target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8], or "
    "python -m quantize with a .keras model and its data (make KERAS=... DATA=...)"
)

# What such a file is called by what its layers with weights work on, (activations, weights). A file of
# several of these is called by the first: converters leave small weights as they were.
_KINDS = {
    ("FLOAT32", "INT8"): "has a dynamic range: its weights are int8, but its activations are float32",
    ("FLOAT32", "FLOAT16"): "has float16 weights and computes in float32",
    ("FLOAT32", "FLOAT32"): "is float32: nothing is quantised",
    ("INT16", "INT8"): "has int16 activations (16x8)",
    ("UINT8", "UINT8"): "is quantised to uint8, as TensorFlow 1 did it",
}


def refuse_other_precisions(model: Model) -> None:
    """UserError for a model none of whose layers with weights are int8."""
    found = {_pair(model, operator.name, operator.inputs) for operator in model.operators} - {None}
    if found and found <= _KINDS.keys():
        kind = next(text for pair, text in _KINDS.items() if pair in found)
        raise UserError(f"the model {kind}. {_REMEDY}")


def _pair(model: Model, name: str, inputs: tuple[int, ...]) -> tuple[str, str] | None:
    """The types of an operator's activations and weights."""
    spec = REGISTRY.get(name)
    if spec is None or spec.weights_input is None or len(inputs) <= spec.weights_input:
        return None
    data, weights = inputs[spec.data_input], inputs[spec.weights_input]
    if ABSENT in (data, weights):
        return None
    return model.tensors[data].type, _stored(model, model.tensors[weights]).type


def _stored(model: Model, weights: Tensor) -> Tensor:
    """The constant that DEQUANTIZE makes weights of, where it does."""
    for operator in model.operators:
        if operator.name == "DEQUANTIZE" and operator.outputs == (weights.index,):
            return model.tensors[operator.inputs[0]]
    return weights
