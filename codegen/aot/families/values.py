"""Constants as NumPy arrays, for operators that can be computed when the code is generated."""

from typing import Any

from numpy.typing import NDArray

from contract.graph import ABSENT, Model, Operator

Values = NDArray[Any]


def constants_of(model: Model, operator: Operator) -> list[Values] | None:
    """The values of all inputs, or None where one is an activation, or quantised in another way than the
    output."""
    quantization = model.tensors[operator.outputs[0]].quantization
    tensors = [model.tensors[index] for index in operator.inputs if index != ABSENT]
    if any(tensor.data is None for tensor in tensors):
        return None
    if quantization is not None and any(
        tensor.quantization is not None and tensor.quantization != quantization for tensor in tensors
    ):
        return None
    return [tensor.values for tensor in tensors]
