"""One row a layer of the flatbuffer: shape, parameters, multiply-accumulates, bytes, quantisation."""

from dataclasses import dataclass

from contract.graph import ABSENT, Model, Operator, Tensor
from contract.macs import operator_macs
from contract.operators import REGISTRY


@dataclass(frozen=True)
class LayerRow:
    """One operator as the report shows it. Quantisations are text: `scale, zero point`."""

    name: str
    operator: str
    output_shape: tuple[int, ...]
    parameters: int  # weights and biases
    multiply_accumulates: int
    constant_bytes: int  # of weights and biases in the flatbuffer
    input_quantization: str
    weight_quantization: str
    output_quantization: str


def layer_rows(model: Model, names: tuple[str, ...]) -> list[LayerRow]:
    """The layers of `model` in execution order; `names` holds one name an operator."""
    return [_row(model, operator, name) for operator, name in zip(model.operators, names, strict=True)]


def _row(model: Model, operator: Operator, name: str) -> LayerRow:
    source, target = (
        model.tensors[indices[0]] if indices and indices[0] != ABSENT else None
        for indices in (operator.inputs, operator.outputs)
    )
    place = REGISTRY[operator.name].weights_input
    weights = None if place is None else model.tensors[operator.inputs[place]]
    constants = _constants(model, operator) if weights else []
    return LayerRow(
        name=name,
        operator=operator.name,
        output_shape=target.shape[1:] if target else (),
        parameters=sum(tensor.elements for tensor in constants),
        multiply_accumulates=operator_macs(model, operator),
        constant_bytes=sum(tensor.bytes for tensor in constants),
        input_quantization=_quantization(source),
        weight_quantization=_quantization(weights) if weights else "",
        output_quantization=_quantization(target),
    )


def _constants(model: Model, operator: Operator) -> list[Tensor]:
    inputs = [model.tensors[index] for index in operator.inputs if index != ABSENT]
    return [tensor for tensor in inputs if tensor.data is not None]


def _quantization(tensor: Tensor | None) -> str:
    quantization = None if tensor is None else tensor.quantization
    if quantization is None:
        return "none"
    if not quantization.per_channel:
        return f"{quantization.scale:.4g}, {quantization.zero_point}"
    low, high = min(quantization.scales), max(quantization.scales)
    return f"{low:.2g} to {high:.2g}, {len(quantization.scales)} channels"
