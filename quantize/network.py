"""The float model as it goes into the converter: a batch of one, and layers under names of our own."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import UserError
from quantize.ports import SIGMOID, SOFTMAX, Port, Ports

BATCH = 1000  # images predicted at a time

# What a .keras file may unpack to: weights hardly shrink. Bytes, times its own; and of a small one.
MOST_EXPANSION = 100
MOST_OF_SMALL = 64_000_000

RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN")  # layers that loop over the steps of a sequence
SCALING = ("Rescaling", "Normalization")  # layers that take numbers as they are
MOVING = ("Reshape", "Flatten", "Dropout", "GaussianNoise", "RandomFlip", "RandomRotation", "RandomZoom")
# Layers that loop over time and cannot be told to spell the loop out, which the converter needs.
UNROLLABLE = ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")


@dataclass(frozen=True)
class Network:
    """A Keras model rebuilt twice with its weights.

    Its layers bear the names `marker(0)`, `marker(1)`, ... in the model's order, so that a tensor's name in
    the flatbuffer tells its layer for certain; `layers` has the names that they had before. The loops of
    recurrent layers are spelled out, step after step, in `single`: on a loop the converter crashes.
    """

    single: Any  # keras.Model with a batch of 1: what the converter takes
    batched: Any  # keras.Model with an open batch: what predicts
    layers: tuple[str, ...]
    ports: Ports

    def with_weights(self, weights: list[NDArray[np.float32]]) -> "Network":
        """The same network with `weights`, in the order of Keras's get_weights."""
        import keras

        single, batched = (keras.models.clone_model(model) for model in (self.single, self.batched))
        for copy in (single, batched):
            copy.set_weights(weights)
        return Network(single, batched, self.layers, self.ports)

    def predict(self, *inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """For each output the values for `inputs` (N, *input shape) each: float32 (N, *output shape)."""
        given = inputs[0] if len(inputs) == 1 else list(inputs)
        predictions = self.batched.predict(given, batch_size=BATCH, verbose=0)
        several = predictions if isinstance(predictions, (list, tuple)) else [predictions]
        return tuple(np.asarray(one, np.float32) for one in several)


def marker(index: int) -> str:
    """The name that layer `index` has in the converter; `quantize.naming` finds it again."""
    return f"layer{index}x"


def input_marker(index: int) -> str:
    """The name that input `index` has in the converter; `quantize.ordering` finds it again."""
    return f"input{index}x"


def expect_keras_file(path: Path) -> None:
    """UserError where the file at `path` is none, as far as that can be told without Keras."""
    if not path.exists():
        raise UserError(f"there is no {path}; --model takes the .keras file that python -m train writes")
    if path.suffix != ".keras" or not path.is_file() or not zipfile.is_zipfile(path):
        raise UserError(f"{path} is not a .keras file; write one with model.save('model.keras') in Keras 3")
    again = "write it again with model.save('model.keras')"
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(one.file_size for one in archive.infolist())
            if unpacked > max(MOST_EXPANSION * path.stat().st_size, MOST_OF_SMALL):
                raise UserError(f"{path} unpacks to {unpacked:,} bytes, more than any model; {again}")
            json.loads(archive.read("config.json"))
    except UserError:
        raise
    except Exception as error:  # a damaged zip file fails in many ways
        said = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise UserError(f"{path} is damaged, {said}; {again}") from error


def load_network(path: Path) -> Network:
    """Load the Keras 3 model at `path` (Sequential or Functional, inputs of fixed shapes).

    Raises UserError for anything else, saying what it is and what to do.
    """
    expect_keras_file(path)
    import keras

    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # whatever the layers' own constructors raise
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"{path} cannot be loaded by Keras {keras.__version__} ({reason}); save it with Keras 3, made of "
            "Keras's own layers"
        ) from error
    return network_of(model, str(path))


def network_of(model: Any, source: str) -> Network:
    """Rebuild `model`, a Keras 3 model that came from `source`. UserError where it cannot be."""
    import keras

    if not isinstance(model, (keras.Sequential, keras.Model)) or not model.built:
        raise UserError(f"{source} is a {type(model).__name__}; give a built Sequential or Functional model")
    if not isinstance(model, keras.Sequential) and type(model).__name__ != "Functional":
        raise UserError(f"{source} is a subclassed model; give a Sequential or Functional one")
    for tensor in (*model.inputs, *model.outputs):
        if None in tensor.shape[1:]:
            what = "takes inputs" if any(tensor is one for one in model.inputs) else "gives outputs"
            raise UserError(
                f"{source} {what} of the open shape {list(tensor.shape)}; fix all but the batch, as in "
                "keras.Input((28, 28, 1))"
            )
    for layer in _all_layers(model):
        _expect_convertible(layer, source)
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise UserError(
            f"{source} has weights that are infinite or no numbers: its training has diverged; train it "
            "again with a smaller learning rate"
        )
    names: list[str] = []
    ports = _ports(model)
    single = _rebuilt(model, ports, 1, names)
    return Network(single, _rebuilt(model, ports, None, []), tuple(names), ports)


def _all_layers(model: Any) -> list[Any]:
    """Every layer, those of models within models and those that other layers wrap, too."""
    layers: list[Any] = []
    for layer in model.layers:
        layers += [layer, *(_all_layers(layer) if hasattr(layer, "layers") else [])]
        wrapped = [getattr(layer, name, None) for name in ("layer", "forward_layer")]
        layers += [one for one in wrapped if hasattr(one, "get_config")]
    return layers


def _expect_convertible(layer: Any, source: str) -> None:
    kind = type(layer).__name__
    if kind in UNROLLABLE:
        raise UserError(
            f"{source}: layer {layer.name} is a {kind}, on whose loop the converter crashes; use "
            "convolutions over time and space (Conv1D, Conv2D) or an LSTM over flattened frames"
        )
    if hasattr(getattr(layer, "layer", None), "layers"):
        raise UserError(
            f"{source}: layer {layer.name} wraps a whole model, which cannot be rebuilt; wrap its layers one "
            "by one"
        )
    if kind == "Masking" or getattr(layer, "mask_zero", False):
        raise UserError(
            f"{source}: layer {layer.name} hides steps of a sequence by a mask, which TensorFlow Lite Micro "
            "has no operators for; train without it (mask_zero=False), sequences filled up in front"
        )
    if kind in RECURRENT and layer.stateful:
        raise UserError(
            f"{source}: layer {layer.name} is stateful, which the converter cannot quantise; save the model "
            "with stateful=False and give it whole windows"
        )


def _ports(model: Any) -> Ports:
    """The inputs and outputs of the model as given: an input has its own name, an output its layer's."""
    scaling, indexing = (_readers_of(model, kinds) for kinds in (SCALING, ("Embedding",)))
    embeddings = [layer for layer in _all_layers(model) if type(layer).__name__ == "Embedding"]
    rows = min((layer.input_dim for layer in embeddings), default=0)
    inputs = [
        Port(
            _only_or(model.inputs, "input", tensor.name),
            tuple(tensor.shape[1:]),
            takes_integers=id(tensor) in scaling | indexing or "int" in tensor.dtype,
            rows=rows if id(tensor) in indexing else None,
        )
        for tensor in model.inputs
    ]
    names: list[str] = []
    for tensor in model.outputs:
        name = tensor._keras_history.operation.name
        names.append(name if name not in names else f"{name}_{len(names)}")
    outputs = [
        Port(_only_or(model.outputs, "output", name), tuple(tensor.shape[1:]), ending=_ending(tensor))
        for name, tensor in zip(names, model.outputs, strict=True)
    ]
    return Ports(tuple(inputs), tuple(outputs))


def _only_or(tensors: list[Any], only: str, name: str) -> str:
    return only if len(tensors) == 1 else name


def _readers_of(model: Any, kinds: tuple[str, ...]) -> set[int]:
    """The ids of the inputs that a layer of one of these kinds reads first."""
    found = set()
    for tensor in model.inputs:
        reached, frontier = {id(tensor)}, [tensor]
        while frontier:
            reader_inputs = frontier.pop()
            for layer in model.layers:
                for node in layer._inbound_nodes:
                    if not any(one is reader_inputs for one in node.input_tensors):
                        continue
                    if _starts_with(layer, kinds):
                        found.add(id(tensor))
                    elif type(layer).__name__ in MOVING:
                        frontier += [one for one in node.output_tensors if id(one) not in reached]
                        reached |= {id(one) for one in node.output_tensors}
    return found


def _starts_with(layer: Any, kinds: tuple[str, ...]) -> bool:
    """Whether a layer, or the first one of a model within the model, is of one of these kinds."""
    if type(layer).__name__ in kinds:
        return True
    layers = getattr(layer, "layers", [])
    inner = [one for one in layers if type(one).__name__ not in (*MOVING, "InputLayer")]
    return bool(inner) and _starts_with(inner[0], kinds)


def _ending(tensor: Any) -> str:
    """Whether an output is a softmax or a sigmoid."""
    while type(tensor._keras_history.operation).__name__ in ("Reshape", "Flatten", "Dropout"):
        tensor = tensor._keras_history.operation.input
    layer = tensor._keras_history.operation
    if hasattr(layer, "outputs") and hasattr(layer, "layers"):  # a model within the model
        return _ending(layer.outputs[tensor._keras_history.tensor_index])
    inner = getattr(layer, "layer", layer)  # of TimeDistributed
    kind = type(inner).__name__.lower()
    activation = getattr(getattr(inner, "activation", None), "__name__", kind)
    return activation if activation in (SOFTMAX, SIGMOID) else ""


def _rebuilt(model: Any, ports: Ports, batch_size: int | None, names: list[str]) -> Any:
    """A copy of `model` with its weights; the layers' names are appended to `names`. With a batch of one the
    loops of recurrent layers are spelled out."""
    import keras

    def renamed(layer: Any) -> Any:
        config = layer.get_config()
        names.append(layer.name)
        config["name"] = marker(len(names) - 1)
        if batch_size == 1:
            _unroll(config, type(layer).__name__)
            plain = _plain_layers().get(type(layer).__name__)
            if plain is not None:
                return plain.from_config(config)
        return type(layer).from_config(config)

    single = len(model.inputs) == 1
    fresh = {
        id(given): keras.Input(
            given.shape[1:],
            batch_size=batch_size,
            dtype="int32" if port.rows is not None else given.dtype,
            name="input" if single else input_marker(place),
        )
        for place, (given, port) in enumerate(zip(model.inputs, ports.inputs, strict=True))
    }
    if isinstance(model, keras.Sequential):
        tensors: Any = fresh[id(model.inputs[0])]
    else:
        tensors = keras.tree.map_structure(lambda given: fresh[id(given)], model.input)
    copy = keras.models.clone_model(model, input_tensors=tensors, clone_function=renamed, recursive=True)
    copy.set_weights(model.get_weights())
    for layer in _all_layers(copy):
        if hasattr(layer, "finalize_state"):  # Normalization computes from its weights what it works with
            layer.finalize_state()
    if isinstance(model, keras.Sequential) or (_is_tensor(model.input) and _is_tensor(model.output)):
        return copy
    inputs, outputs = [fresh[id(given)] for given in model.inputs], list(copy.outputs)
    return keras.Model(inputs[0] if single else inputs, outputs[0] if len(outputs) == 1 else outputs)


def _is_tensor(structure: Any) -> bool:
    """Whether a model's input or output is a single tensor, not one in a list or a dictionary."""
    return not isinstance(structure, (list, tuple, dict))


def _plain_layers() -> dict[str, Any]:
    """Layers that compute the same as Keras's of these names, by operators that TensorFlow Lite Micro has."""
    import keras
    import tensorflow as tf

    class Lookup(keras.layers.Embedding):  # type: ignore[misc]
        """A GATHER alone; Keras's takes negative indices from behind, which needs a SELECT of integers."""

        def call(self, inputs: Any) -> Any:
            return tf.gather(self.embeddings, tf.cast(inputs, tf.int32))

    class Repeat(keras.layers.RepeatVector):  # type: ignore[misc]
        """A CONCATENATION of the same vector, where Keras has a TILE."""

        def call(self, inputs: Any) -> Any:
            return tf.concat([tf.expand_dims(inputs, 1)] * self.n, axis=1)

    return {"Embedding": Lookup, "RepeatVector": Repeat}


def _unroll(config: dict[str, Any], kind: str) -> None:
    """Say in a layer's settings that its loop is spelled out, where it has one."""
    if kind in RECURRENT:
        config["unroll"] = True
    for name in ("layer", "backward_layer"):  # of Bidirectional and TimeDistributed
        wrapped = config.get(name)
        if isinstance(wrapped, dict) and "config" in wrapped:
            _unroll(wrapped["config"], wrapped["class_name"])
