"""How much of a network's weights and activations quantisation turns into noise, operator by operator.

The measure is the signal-to-quantisation-noise ratio, 10 * log10(sum(x^2) / sum((x - q)^2)) in dB, where x
are the values of the float network and q those of the int8 one, turned back into real numbers. Each halving
of a tensor's scale adds 6 dB.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.flatbuffer import parse_model
from contract.graph import Model, Operator, Tensor
from contract.operators import REGISTRY
from contract.quantization import LayerNoise
from contract.scores import decibels
from quantize import tflm
from quantize.artefacts import model_inputs
from quantize.capture import captured_output
from quantize.network import Network


def layer_noise(
    network: Network, model: Model, names: tuple[str, ...], images: NDArray[np.float32]
) -> list[LayerNoise]:
    """Compare `model` (int8) with `network`, which it was made from, on float32 `images` (N, *input shape).

    `names` are those of the model's operators. The activations of the float network come from its
    unquantised flatbuffer, run by the same runtime. RuntimeError where the two have not the same operators.
    """
    exact = float_flatbuffer(network)
    kinds = [[operator.name for operator in graph.operators] for graph in (exact, model)]
    if kinds[0] != kinds[1]:
        raise RuntimeError(f"the float flatbuffer has the operators {kinds[0]}, the int8 one {kinds[1]}")
    signal, noise = np.zeros(len(names)), np.zeros(len(names))
    runs = zip(
        _activations(exact, images), _activations(model, model_inputs(images, model.input)), strict=True
    )
    for float_values, int8_values in runs:
        for index, (x, q) in enumerate(zip(float_values, int8_values, strict=True)):
            signal[index] += np.sum(x**2)
            noise[index] += np.sum((x - q) ** 2)
    return [
        LayerNoise(
            layer=name,
            operator=operator.name,
            weights_db=_weights_db(exact, original, model, operator),
            activations_db=decibels(float(signal[operator.index]), float(noise[operator.index])),
        )
        for name, original, operator in zip(names, exact.operators, model.operators, strict=True)
    ]


def real_values(tensor: Tensor, values: NDArray[Any]) -> NDArray[np.float64]:
    """`values` of `tensor` as real numbers: scale * (value - zero point), or as they are without a scale."""
    if tensor.quantization is None:
        return values.astype(np.float64)
    shape = [1] * len(tensor.shape)
    if tensor.quantization.per_channel:
        shape[tensor.quantization.dimension] = -1
    scales = np.array(tensor.quantization.scales, np.float64).reshape(shape)
    zeros = np.array(tensor.quantization.zero_points, np.float64).reshape(shape)
    real: NDArray[np.float64] = scales * (values.astype(np.float64) - zeros)
    return real


def float_flatbuffer(network: Network) -> Model:
    """The network as the converter writes it when nothing is to be quantised."""
    import tensorflow as tf

    with captured_output():
        return parse_model(tf.lite.TFLiteConverter.from_keras_model(network.single).convert())


def _activations(model: Model, inputs: NDArray[Any]) -> Iterable[list[NDArray[np.float64]]]:
    """For each of `inputs`, the output of every operator in real numbers."""
    runner = tflm.interpreter(model, keep_tensors=True)
    tensors = [model.tensors[operator.outputs[0]] for operator in model.operators]
    for image in inputs:
        runner.set_input(image[np.newaxis], 0)
        runner.invoke()
        yield [real_values(tensor, runner.GetTensor(tensor.index, 0)["tensor_data"]) for tensor in tensors]


def _weights_db(exact: Model, original: Operator, model: Model, operator: Operator) -> float | None:
    place = REGISTRY[operator.name].weights_input
    if place is None:
        return None
    before, after = (
        graph.tensors[one.inputs[place]] for graph, one in ((exact, original), (model, operator))
    )
    x, q = real_values(before, before.values), real_values(after, after.values)
    return decibels(float(np.sum(x**2)), float(np.sum((x - q) ** 2)))
