"""The float model as it goes into the converter: a batch of one, and layers under names of our own."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import UserError

BATCH = 1000  # images predicted at a time


@dataclass(frozen=True)
class Network:
    """A Keras model rebuilt twice with its weights.

    Its layers bear the names `marker(0)`, `marker(1)`, ... in the model's order, so that a tensor's name in
    the flatbuffer tells its layer for certain; `layers` has the names that they had before.
    """

    single: Any  # keras.Model with a batch of 1: what the converter takes
    batched: Any  # keras.Model with an open batch: what predicts
    layers: tuple[str, ...]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Without the batch."""
        return tuple(self.single.inputs[0].shape[1:])

    @property
    def outputs(self) -> int:
        """How many classes."""
        return int(self.single.outputs[0].shape[-1])

    def with_weights(self, weights: list[NDArray[np.float32]]) -> "Network":
        """The same network with `weights`, in the order of Keras's get_weights."""
        import keras

        single, batched = (keras.models.clone_model(model) for model in (self.single, self.batched))
        single.set_weights(weights)
        batched.set_weights(weights)
        return Network(single, batched, self.layers)

    def predict(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """The outputs for `images` (N, *input shape): float32, (N, classes)."""
        predictions: NDArray[np.float32] = self.batched.predict(images, batch_size=BATCH, verbose=0)
        return predictions


def marker(index: int) -> str:
    """The name that layer `index` has in the converter; `quantize.naming` finds it again."""
    return f"layer{index}x"


def load_network(path: Path) -> Network:
    """Load the Keras 3 model at `path` (Sequential or Functional, one input of fixed shape, one row out).

    Raises UserError for anything else, saying what it is and what to do.
    """
    import keras

    if not path.is_file():
        raise UserError(f"there is no {path}; --model takes the .keras file that python -m train writes")
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise UserError(f"{path} is not a .keras file; write one with model.save('model.keras') in Keras 3")
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
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"{source} has {len(model.inputs)} inputs and {len(model.outputs)} outputs; models with one of "
            "each are supported"
        )
    shape, output = model.inputs[0].shape, model.outputs[0].shape
    if None in shape[1:]:
        raise UserError(f"{source} takes inputs of the open shape {list(shape)}; fix all but the batch")
    if len(output) != 2 or output[-1] is None:
        raise UserError(
            f"{source} gives outputs of the shape {list(output)}; a classifier gives (batch, classes)"
        )
    names: list[str] = []
    single = _rebuilt(model, 1, names)
    return Network(single=single, batched=_rebuilt(model, None, []), layers=tuple(names))


def _rebuilt(model: Any, batch_size: int | None, names: list[str]) -> Any:
    """A copy of `model` with its weights; the layers' names are appended to `names`."""
    import keras

    def renamed(layer: Any) -> Any:
        config = layer.get_config()
        names.append(layer.name)
        config["name"] = marker(len(names) - 1)
        return type(layer).from_config(config)

    given = model.inputs[0]
    image = keras.Input(given.shape[1:], batch_size=batch_size, dtype=given.dtype, name="input")
    if not isinstance(model, keras.Sequential) and isinstance(model.input, (list, tuple, dict)):
        image = keras.tree.map_structure(lambda _: image, model.input)
    copy = keras.models.clone_model(model, input_tensors=image, clone_function=renamed, recursive=True)
    copy.set_weights(model.get_weights())
    return copy
