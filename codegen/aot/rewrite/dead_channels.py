"""Channels that do not matter: those that nobody reads, and those with one value for every input.

A filter of zeros, or one whose output is clamped to the same value whatever the model's input is, gives a
constant. What a convolution or a dense layer makes of it is a number, which goes into its bias. Half of all
multiply-accumulates in MLPerf Tiny's visual wake words are of this kind.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT32_MAX, INT32_MIN
from codegen.aot.channels import Channels
from codegen.aot.rewrite.change import Change, with_operators, with_tensors
from codegen.aot.rewrite.channel_analysis import Graph, Mixing, Needed, analyse, needed_channels
from contract.graph import ABSENT, Model, Operator, Quantization, Tensor


def remove_dead_channels(model: Model) -> tuple[Model, list[Change]]:
    """The model without them."""
    graph = analyse(model)
    needed = needed_channels(graph)
    changes = []
    tensors: list[Tensor] = []
    operators: list[Operator] = []
    for mixing in graph.mixing.values():
        operator, constants = _without(graph, mixing, needed, len(model.tensors) + len(tensors))
        if constants:
            operators.append(operator)
            tensors.extend(constants)
            changes.append(Change(mixing.operator, _text(mixing, needed)))
    for channels in graph.tied.values():
        operator, constants = _sliced(graph.model, channels, needed, len(model.tensors) + len(tensors))
        if constants:
            operators.append(operator)
            tensors.extend(constants)
            changes.append(Change(operator, _tied_text(channels, needed)))
    if not changes:
        return model, []
    changes.sort(key=lambda change: change.operator.index)
    tensors.extend(
        replace(model.tensors[index], shape=(*model.tensors[index].shape[:-1], int(kept.sum())))
        for index, kept in needed.items()
        if not kept.all() and model.tensors[index].data is None
    )
    return with_operators(with_tensors(model, tensors), operators), changes


def _without(graph: Graph, mixing: Mixing, needed: Needed, first: int) -> tuple[Operator, list[Tensor]]:
    """The layer without dead channels, and its new constants, from the tensor index `first` on; none where it
    stays as it is."""
    layer, weights = mixing.layer, mixing.weights
    inputs, outputs = needed[layer.input.index], needed[layer.output.index]
    reach = graph.reaches[layer.input.index]
    constant = graph.reaches[layer.output.index].is_constant
    if inputs.all() and outputs.all():
        return mixing.operator, []
    bias = np.zeros(len(weights), np.int64) if layer.bias is None else layer.bias.astype(np.int64)
    dropped = ~inputs & reach.is_constant
    values = np.where(dropped, reach.least - layer.input.zero_point, 0)
    bias = bias + weights.sum(axis=1) @ values
    # What is constant and yet needed, since it is tied to what is not, reads nothing.
    bias = np.where(constant, np.clip(mixing.sums(reach).least, INT32_MIN, INT32_MAX), bias)
    kept = np.where(constant[:, None, None], 0, weights)[outputs][:, :, inputs]
    return _with_constants(graph.model, mixing.operator, kept, bias[outputs], outputs, first)


def _sliced(model: Model, channels: Channels, needed: Needed, first: int) -> tuple[Operator, list[Tensor]]:
    """A tied operator with the constants of what is needed; none where it has no constants or keeps all."""
    operator = next(one for one in model.operators if channels.output in one.outputs)
    kept = needed[channels.output]
    if kept.all():
        return operator, []
    if operator.name == "DEPTHWISE_CONV_2D":
        places = [place for place in (1, 2) if operator.inputs[place : place + 1] not in ((), (ABSENT,))]
        own = {place: _last(model.tensors[operator.inputs[place]], kept) for place in places}
        return _with_tensors_of(model, operator, own, kept, first)
    constants = {
        place: _last(model.tensors[index], kept)
        for place, index in enumerate(operator.inputs)
        if model.tensors[index].data is not None
        and index in channels.inputs
        and model.tensors[index].shape[-1:] == (len(kept),)
        and len(kept) > 1
    }
    return _with_tensors_of(model, operator, constants, kept, first)


def _last(tensor: Tensor, kept: NDArray[np.bool_]) -> NDArray[Any]:
    """What is kept of a constant's last dimension."""
    return np.compress(kept, tensor.values, axis=-1)


def _with_constants(
    model: Model,
    operator: Operator,
    weights: NDArray[np.int64],
    bias: NDArray[np.int64],
    outputs: NDArray[np.bool_],
    first: int,
) -> tuple[Operator, list[Tensor]]:
    """A convolution or a dense layer with other weights (outputs, taps, channels) and bias."""
    before = model.tensors[operator.inputs[1]]
    shape = (
        (len(weights), *before.shape[1:3], weights.shape[2])
        if len(before.shape) == 4
        else (len(weights), weights.shape[1] * weights.shape[2])
    )
    values: dict[int, NDArray[Any]] = {
        1: weights.reshape(shape).astype(np.int8),
        2: bias.astype(np.int32),
    }
    return _with_tensors_of(model, operator, values, outputs, first)


def _with_tensors_of(
    model: Model,
    operator: Operator,
    values: Mapping[int, NDArray[Any]],
    outputs: NDArray[np.bool_],
    first: int,
) -> tuple[Operator, list[Tensor]]:
    """The operator with new constants as the inputs at these places."""
    inputs = [*operator.inputs, *[ABSENT] * (max(values, default=0) + 1 - len(operator.inputs))]
    tensors: list[Tensor] = []
    for place, array in values.items():
        index = first + len(tensors)
        old = model.tensors[inputs[place]] if inputs[place] != ABSENT else None
        quantization = None if old is None else _kept_scales(old.quantization, outputs)
        name = f"{model.tensors[operator.outputs[0]].name}/bias" if old is None else old.name
        kind = {1: "INT8", 4: "INT32"}[array.dtype.itemsize]
        data = np.ascontiguousarray(array).tobytes()
        tensors.append(Tensor(index, name, kind, array.shape, quantization, data))
        inputs[place] = index
    return replace(operator, inputs=tuple(inputs)), tensors


def _kept_scales(quantization: Quantization | None, outputs: NDArray[np.bool_]) -> Quantization | None:
    if quantization is None or not quantization.per_channel:
        return quantization
    kept = np.flatnonzero(outputs)
    return Quantization(
        tuple(quantization.scales[place] for place in kept),
        tuple(quantization.zero_points[place] for place in kept),
        quantization.dimension,
    )


def _text(mixing: Mixing, needed: Needed) -> str:
    outputs, inputs = needed[mixing.layer.output.index], needed[mixing.layer.input.index]
    return (
        f"{outputs.sum()} of {len(outputs)} output channels from {inputs.sum()} of {len(inputs)}: the others "
        "are constant or never read"
    )


def _tied_text(channels: Channels, needed: Needed) -> str:
    kept = needed[channels.output]
    return f"{kept.sum()} of {len(kept)} channels: the others are constant or never read"
