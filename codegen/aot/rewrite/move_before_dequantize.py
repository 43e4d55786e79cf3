"""Operators that only move values, behind a DEQUANTIZE: they move the int8 values instead.

The converter leaves a SPLIT or a slice in float32 where what it reads and what it gives have other scales, as
in a recurrent layer. Values that are moved before they become real are the same real values behind it; a PAD
puts the zero point where it would put 0. What follows then is a function of one int8 tensor again.
"""

from dataclasses import replace

from codegen.aot.rewrite.change import Change, with_tensors
from contract.graph import ABSENT, Model, Operator, Quantization
from contract.operators import REGISTRY

MOVING = frozenset(
    (
        *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SPLIT", "SPLIT_V", "SLICE", "STRIDED_SLICE"),
        *("UNPACK", "GATHER", "REVERSE_V2", "BROADCAST_TO", "PAD", "CONCATENATION", "PACK"),
    )
)
JOINING = ("CONCATENATION", "PACK")  # every input is data


def move_before_dequantize(model: Model) -> tuple[Model, list[Change]]:
    """The model with every such operator on int8, and a DEQUANTIZE behind each of its outputs."""
    makers = {index: operator for operator in model.operators for index in operator.outputs}
    operators: list[Operator] = []
    changes = []
    for operator in model.operators:
        moved = _moved(model, operator, makers)
        if moved is None:
            operators.append(operator)
            continue
        inputs, quantization = moved
        first = len(model.tensors)
        floats = [model.tensors[index] for index in operator.outputs]
        whole = [
            replace(one, index=first + place, type="INT8", quantization=quantization)
            for place, one in enumerate(floats)
        ]
        model = with_tensors(model, whole)
        operators.append(replace(operator, inputs=inputs, outputs=tuple(tensor.index for tensor in whole)))
        for source, target in zip(whole, floats, strict=True):
            back = Operator(operator.index, "DEQUANTIZE", 2, (source.index,), (target.index,), None)
            operators.append(back)
            makers[target.index] = back
        changes.append(Change(operator, "moves the int8 values before they are dequantised"))
    return replace(model, operators=tuple(operators)), changes


def _moved(
    model: Model, operator: Operator, makers: dict[int, Operator]
) -> tuple[tuple[int, ...], Quantization] | None:
    """The operator's inputs with int8 in place of what was dequantised from it, and its scale; or None."""
    if operator.name not in MOVING or ABSENT in operator.inputs or not operator.inputs:
        return None
    place = REGISTRY[operator.name].data_input
    data = range(len(operator.inputs)) if operator.name in JOINING else (place,)
    if getattr(operator.options, "activation", "NONE") != "NONE" or place >= len(operator.inputs):
        return None
    inputs, found = list(operator.inputs), set()
    for one in data:
        maker = makers.get(inputs[one])
        if maker is None or maker.name != "DEQUANTIZE":
            return None
        source = model.tensors[maker.inputs[0]]
        if source.type != "INT8" or source.quantization is None or source.quantization.per_channel:
            return None
        inputs[one] = source.index
        found.add(source.quantization)
    return (tuple(inputs), found.pop()) if len(found) == 1 else None
