"""Which channels of a model's tensors matter.

1. Forward: the least and the greatest value of each channel of each tensor, through the reference's own
   requantisations. Where windows reach outside the image, the zero point may occur, too.
2. Backward, until nothing changes: an input channel of a convolution or a dense layer is needed where an
   output that is needed and not constant has a weight on it that is not 0, unless it is constant and can be
   folded. It can where no window reaches outside or its value is the zero point. All other operators either
   tie channels together, so that all are needed or none, or need all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.one_step import Requantization
from codegen.aot.channels import Channels, Reach, channels_of, whole_reach
from codegen.aot.families.sums import Summing
from codegen.aot.operators import module_of
from codegen.aot.operators.conv_2d import Convolution
from codegen.aot.operators.depthwise_conv_2d import Depthwise
from codegen.aot.operators.fully_connected import Dense
from contract.graph import ABSENT, Model, Operator

Needed = dict[int, NDArray[np.bool_]]  # by tensor index: which of its channels


@dataclass(frozen=True)
class Mixing:
    """A convolution or a dense layer: each output channel is a sum over all input channels."""

    operator: Operator
    layer: Summing
    weights: NDArray[np.int64]  # (outputs, taps, input channels)
    reaches_outside: bool

    def outputs(self, reach: Reach) -> Reach:
        """The reach of its outputs for that of its input."""
        return _requantized(self.layer, self.sums(reach))

    def sums(self, reach: Reach) -> Reach:
        """The same of the accumulators."""
        zero_point = self.layer.input.zero_point
        seen = reach.with_value(zero_point) if self.reaches_outside else reach
        least, greatest = (values - zero_point for values in (seen.least, seen.greatest))
        positive, negative = (part(self.weights, 0).sum(axis=1) for part in (np.maximum, np.minimum))
        bias = _bias(self.layer)
        return Reach(
            positive @ least + negative @ greatest + bias, positive @ greatest + negative @ least + bias
        )

    def foldable(self, reach: Reach) -> NDArray[np.bool_]:
        """Which input channels give every output the same number everywhere."""
        at_zero = reach.least == self.layer.input.zero_point
        return reach.is_constant & at_zero if self.reaches_outside else reach.is_constant


@dataclass(frozen=True)
class Graph:
    """How the channels of a model hang together, and what each can be."""

    model: Model
    mixing: dict[tuple[int, ...], Mixing]  # by the operator's outputs
    tied: dict[tuple[int, ...], Channels]
    reaches: dict[int, Reach]  # by tensor index


# ---- 1. forward ----
def analyse(model: Model) -> Graph:
    mixing: dict[tuple[int, ...], Mixing] = {}
    tied: dict[tuple[int, ...], Channels] = {}
    reaches: dict[int, Reach] = {}
    for tensor in model.tensors:
        channels = tensor.shape[-1] if tensor.shape else 1
        if tensor.data is not None and tensor.type == "INT8":
            values = tensor.values.astype(np.int64).reshape(-1, channels)
            reaches[tensor.index] = Reach(values.min(axis=0), values.max(axis=0))
        else:
            reaches[tensor.index] = whole_reach(channels)
    for operator in model.operators:
        checked = module_of(operator).read(model, operator)
        mixed = _mixing(checked)
        if mixed is not None:
            mixing[operator.outputs] = mixed
            reaches[mixed.layer.output.index] = mixed.outputs(reaches[mixed.layer.input.index])
            continue
        channels_here = _depthwise(checked) if isinstance(checked, Depthwise) else channels_of(checked)
        if channels_here is not None:
            tied[operator.outputs] = channels_here
            sources = zip(channels_here.inputs, channels_here.sources, strict=True)
            before = [reaches[index].of(channels) for index, channels in sources]
            reaches[channels_here.output] = channels_here.reach(before)
    return Graph(model, mixing, tied, reaches)


def _mixing(checked: object) -> Mixing | None:
    if isinstance(checked, Convolution) and checked.groups == 1:
        filters, height, width, channels = checked.weights.shape
        weights = checked.weights.reshape(filters, height * width, channels).astype(np.int64)
        return Mixing(checked.operator, checked, weights, _reaches_outside(checked))
    if isinstance(checked, Dense):
        units, depth = checked.weights.shape
        channels = checked.input.shape[-1] if checked.input.shape else 1
        if depth % channels or (channels != depth and checked.rows != 1):
            return None
        weights = checked.weights.reshape(units, -1, channels).astype(np.int64)
        return Mixing(checked.operator, checked, weights, reaches_outside=False)
    return None


def _depthwise(conv: Depthwise) -> Channels:
    """A depthwise convolution ties each input channel to the outputs that are made from it."""
    outputs = conv.output.shape[-1]
    sources = None if conv.input.shape[3] == 1 else np.arange(outputs) // conv.depth_multiplier
    weights = conv.filters.reshape(outputs, -1).astype(np.int64)
    positive, negative = (part(weights, 0).sum(axis=1) for part in (np.maximum, np.minimum))
    outside = _reaches_outside(conv)

    def reach(reaches: Sequence[Reach]) -> Reach:
        (before,) = reaches
        zero_point, bias = conv.input.zero_point, _bias(conv)
        seen = before.with_value(zero_point) if outside else before
        least, greatest = (values - zero_point for values in (seen.least, seen.greatest))
        return _requantized(
            conv,
            Reach(
                positive * least + negative * greatest + bias, positive * greatest + negative * least + bias
            ),
        )

    return Channels((conv.input.index,), conv.output.index, (sources,), reach)


def _reaches_outside(conv: Convolution | Depthwise) -> bool:
    """Whether some window is clipped by the edges of the input."""
    taps = conv.weights.shape[1:3] if isinstance(conv, Convolution) else conv.weights.shape[:2]
    return any(
        windows.padding > 0 or (windows.outputs - 1) * stride + (tap - 1) * dilation + 1 > size
        for windows, stride, tap, dilation, size in zip(
            (conv.rows, conv.columns),
            conv.options.stride,
            taps,
            conv.options.dilation,
            conv.input.shape[1:3],
            strict=True,
        )
    )


def _bias(layer: Summing) -> NDArray[np.int64] | int:
    return 0 if layer.bias is None else layer.bias.astype(np.int64)


def _requantized(layer: Summing, sums: Reach) -> Reach:
    outputs = []
    for index, ends in enumerate(np.array([sums.least, sums.greatest]).T):
        multiplier = layer.multipliers[index % len(layer.multipliers)]
        outputs.append(Requantization(multiplier, layer.output.zero_point, layer.limits)(ends))
    least, greatest = np.array(outputs, np.int64).T
    return Reach(least, greatest)


# ---- 2. backward ----
def needed_channels(graph: Graph) -> Needed:
    model = graph.model
    needed: Needed = {tensor.index: np.zeros(tensor.shape[-1:] or (1,), np.bool_) for tensor in model.tensors}
    for index in (*model.inputs, *model.outputs):
        needed[index][:] = True
    for operator in model.operators:
        if operator.outputs not in graph.mixing and operator.outputs not in graph.tied:
            for index in (*operator.inputs, *operator.outputs):
                if index != ABSENT:
                    needed[index][:] = True
    while _spread(graph, needed) or _keep_one_of_each(graph, needed):
        pass
    return needed


def _spread(graph: Graph, needed: Needed) -> bool:
    """One round backward through the operators; whether more is needed than before."""
    before = sum(int(kept.sum()) for kept in needed.values())
    for operator in reversed(graph.model.operators):
        if operator.outputs in graph.mixing:
            mixing = graph.mixing[operator.outputs]
            source, target = mixing.layer.input.index, mixing.layer.output.index
            live = needed[target] & ~graph.reaches[target].is_constant
            read = (mixing.weights[live] != 0).any(axis=(0, 1))
            needed[source] |= read & ~mixing.foldable(graph.reaches[source])
        elif operator.outputs in graph.tied:
            channels = graph.tied[operator.outputs]
            _tie(channels, needed)
    return sum(int(kept.sum()) for kept in needed.values()) > before


def _tie(channels: Channels, needed: Needed) -> None:
    """Make all channels needed that hang together with a needed one."""
    kept = needed[channels.output].copy()
    for index, sources in zip(channels.inputs, channels.sources, strict=True):
        if sources is None:
            needed[index] |= kept.any()
        else:
            np.logical_or.at(needed[index], sources[kept], True)
            needed[channels.output] |= needed[index][sources]


def _keep_one_of_each(graph: Graph, needed: Needed) -> bool:
    """Keep a channel of a tensor that has none; whether there was one."""
    for operator in graph.model.operators:
        for index in operator.outputs:
            if not needed[index].any():
                needed[index][0] = True
                return True
    return False
