"""What a model takes and gives, as its data is held against: the inputs and outputs of a Keras model or of a
flatbuffer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.graph import Model, Tensor
from contract.tensor_names import tensor_names

SOFTMAX, SIGMOID = "softmax", "sigmoid"
PASSING = ("RESHAPE", "QUANTIZE", "DEQUANTIZE", "SQUEEZE", "EXPAND_DIMS")  # behind a softmax or sigmoid
WIDE = 16.0  # an input that can be larger than this was trained on integers as they are, not on 0 to 1


@dataclass(frozen=True)
class Port:
    """An input or output. `shape` is without the batch."""

    name: str
    shape: tuple[int, ...]
    takes_integers: bool = False  # an input: whether integers go in as they are, not divided by 255
    rows: int | None = None  # an input of an Embedding: how many rows its integers number
    raw: Tensor | None = None  # an input of a flatbuffer: data of its own quantised type goes in as it is
    ending: str = ""  # an output: softmax, sigmoid, or another

    @property
    def elements(self) -> int:
        count = 1
        for length in self.shape:
            count *= length
        return count


@dataclass(frozen=True)
class Ports:
    """All of a model's."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def key(self, array: str, port: Port) -> str:
        """The name of a port's array in the .npz file: `x_test`, or of several `x_test_<name>`."""
        several = len(self.inputs if port in self.inputs else self.outputs) > 1
        return f"{array}_{port.name}" if several else array


def ports_of_flatbuffer(model: Model) -> Ports:
    """The inputs and outputs of `model`, called as the manifest calls them."""
    inputs = [
        Port(name, tensor.shape[1:], takes_integers=_is_wide(model, tensor), raw=tensor)
        for name, tensor in _named(model, model.inputs, "input")
    ]
    outputs = [
        Port(name, tensor.shape[1:], ending=_ending(model, tensor))
        for name, tensor in _named(model, model.outputs, "output")
    ]
    return Ports(tuple(inputs), tuple(outputs))


def _named(model: Model, indices: Sequence[int], what: str) -> list[tuple[str, Tensor]]:
    tensors = [model.tensors[index] for index in indices]
    return list(zip(tensor_names(model, indices, what), tensors, strict=True))


def quantised_input(model: Model, tensor: Tensor) -> Tensor:
    """The input itself or, where it is FLOAT32, what the QUANTIZE behind it makes of it."""
    if tensor.quantization is None and tensor.index in model.readers:
        reader = model.readers[tensor.index][0]
        if reader.name == "QUANTIZE":
            return model.tensors[reader.outputs[0]]
    return tensor


def held_range(model: Model, tensor: Tensor) -> tuple[float, float] | None:
    """The lowest and the highest real number that an input or output of a flatbuffer can hold; None where it
    is not quantised."""
    stored = quantised_input(model, tensor)
    if stored.quantization is None:
        return None
    scale, zero_point = stored.scale_and_zero_point
    limits = np.iinfo(stored.dtype)
    return scale * (int(limits.min) - zero_point), scale * (int(limits.max) - zero_point)


def _is_wide(model: Model, tensor: Tensor) -> bool:
    scale, _ = quantised_input(model, tensor).scale_and_zero_point
    return scale == 0 or scale * 255 > WIDE


def _ending(model: Model, tensor: Tensor) -> str:
    """What computes an output."""
    makers = {index: operator for operator in model.operators for index in operator.outputs}
    index = tensor.index
    while index in makers and makers[index].name in PASSING:
        index = makers[index].inputs[0]
    name = makers[index].name if index in makers else ""
    return {"SOFTMAX": SOFTMAX, "LOGISTIC": SIGMOID}.get(name, "")
