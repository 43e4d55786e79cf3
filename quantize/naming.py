"""A name for each operator of a flatbuffer: that of the Keras layer it came from, as a C identifier."""

import re

from contract.graph import Model, Operator
from contract.operators import REGISTRY

MARKER = re.compile(r"layer(\d+)x")  # quantize.network.marker


def operator_names(model: Model, layers: tuple[str, ...] = ()) -> tuple[str, ...]:
    """A unique C identifier for each operator of `model`, in order.

    `layers` are the names of the Keras layers behind the markers in the tensors' names, as `Network.layers`
    gives them. An operator has the name of its layer. Where one layer becomes several operators, the first
    has its name and the others the name of their kind (`softmax` after a dense layer). Without layers an
    operator is called by kind and index: `conv_0`, `pool_1`.
    """
    names: list[str] = []
    for operator in model.operators:
        layer = _layer(model, operator, layers)
        if layer is None and layers and operator is model.operators[-1]:
            layer = layers[-1]  # the converter calls the model's output by another name
        kind = _kind(operator)
        wishes = [_identifier(layer)] if layer is not None else []
        if layers:
            wishes.append(kind)
        wishes.append(f"{kind}_{operator.index}")
        free = [wish for wish in wishes if wish not in names]
        names.append(free[0] if free else _unused(wishes[-1], names))
    return tuple(names)


def _layer(model: Model, operator: Operator, layers: tuple[str, ...]) -> str | None:
    """The layer named in the operator's output, or else in its constants; the first if several were fused."""
    output = [model.tensors[index].name for index in operator.outputs]
    constants = [model.tensors[index] for index in operator.inputs if index >= 0]
    for texts in (output, [tensor.name for tensor in constants if tensor.data is not None]):
        marked = [int(number) for text in texts for number in MARKER.findall(text)]
        if marked and max(marked) < len(layers):
            return layers[min(marked)]
    return None


def _kind(operator: Operator) -> str:
    spec = REGISTRY.get(operator.name)
    return _identifier(operator.name.lower()) if spec is None else spec.layer


def _identifier(name: str) -> str:
    """`name` with everything that C does not allow in an identifier replaced."""
    cleaned = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if not cleaned or cleaned[0].isdigit() or cleaned.startswith("_"):
        cleaned = f"layer_{cleaned.lstrip('_')}"
    return cleaned


def _unused(name: str, names: list[str]) -> str:
    number = 2
    while f"{name}_{number}" in names:
        number += 1
    return f"{name}_{number}"
