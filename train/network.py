"""The network: two convolutions and two dense layers, 6,320 parameters for 28 x 28 images of ten classes.

The model and every layer have a name of their own. Keras's automatic names depend on what else the process
has built, and they end up in the flatbuffer.
"""

import math

import keras
import numpy as np
from keras import layers

from contract.dataset import FloatImages
from contract.errors import UserError
from contract.history import LayerCost

SMALLEST_SIDE = 10  # half of it, pooled, still gives conv_2 the five pixels that pool_2 needs for one


def build(
    image_shape: tuple[int, int, int], classes: int, name: str, normalised: bool = False
) -> keras.Model:
    """The untrained network for images of `image_shape` (height, width, channels).

    It takes float32 (batch, height, width, channels), for which `contract.dataset.network_input` is made, and
    gives float32 (batch, classes): the probability of each class. With `normalised` the sums of dense_1 are
    normalised over the batch before their ReLU (Ioffe and Szegedy 2015), until `folded` puts that into its
    weights.

    Raises UserError when an image is smaller than 10 x 10 pixels.
    """
    height, width, channels = image_shape
    if min(height, width) < SMALLEST_SIDE:
        raise UserError(
            f"images of {height} x {width} pixels are too small for this network; "
            f"scale them to {SMALLEST_SIDE} x {SMALLEST_SIDE} or more"
        )
    return keras.Sequential(
        [
            keras.Input((height, width, channels), name="image"),
            layers.Conv2D(8, 4, padding="same", activation="relu", name="conv_1"),
            layers.MaxPooling2D(2, name="pool_1"),
            layers.Conv2D(16, 4, padding="valid", activation="relu", name="conv_2"),
            layers.MaxPooling2D(2, name="pool_2"),
            layers.Flatten(name="flatten"),
            *_first_dense(normalised),
            layers.Dense(classes, activation="softmax", name="probabilities"),
        ],
        name=name,
    )


def _first_dense(normalised: bool) -> list[keras.Layer]:
    if not normalised:
        return [layers.Dense(10, activation="relu", name="dense_1")]
    return [
        layers.Dense(10, use_bias=False, name="dense_1"),
        layers.BatchNormalization(momentum=0.9, name="normalised"),
        layers.ReLU(name="rectified"),
    ]


def folded(model: keras.Model) -> keras.Model:
    """The plain network that computes what `model`, built with `normalised`, computes after training: scale
    and shift of the normalisation go into kernel and bias of dense_1."""
    plain = build(tuple(model.input_shape[1:]), int(model.output_shape[-1]), model.name)
    for layer in plain.layers:
        if layer.name != "dense_1":
            layer.set_weights(model.get_layer(layer.name).get_weights())
    (kernel,) = model.get_layer("dense_1").get_weights()
    normalisation = model.get_layer("normalised")
    gamma, beta, mean, variance = normalisation.get_weights()
    factor = gamma / np.sqrt(variance + normalisation.epsilon)
    plain.get_layer("dense_1").set_weights([kernel * factor, beta - mean * factor])
    return plain


def dead_units(model: keras.Model, images: FloatImages) -> int:
    """How many units of dense_1 are 0 for every one of `images`: what a ReLU cuts off gets no gradient, and
    stays so."""
    active = keras.Model(model.inputs, model.get_layer("dense_1").output)
    highest = active.predict(images, batch_size=1000, verbose=0).max(axis=0)
    return int(np.sum(highest <= 0))


def layer_costs(model: keras.Model) -> list[LayerCost]:
    """The cost of each layer of `model`, in order."""
    return [
        LayerCost(
            layer.name,
            type(layer).__name__,
            tuple(layer.output.shape[1:]),
            layer.count_params(),
            _multiply_accumulates(layer),
        )
        for layer in model.layers
    ]


def _multiply_accumulates(layer: keras.Layer) -> int:
    """Products of a weight and an activation that are summed for one image.

    With `same` padding, the products with padded zeros are counted as well. Biases are not: they are where an
    accumulator starts.
    """
    if isinstance(layer, layers.Conv2D):
        height, width = layer.output.shape[1:3]
        return int(height * width * math.prod(layer.kernel.shape))
    if isinstance(layer, layers.Dense):
        return math.prod(layer.kernel.shape)
    return 0


def cost_table(costs: list[LayerCost]) -> str:
    """A table of `costs` with a line for the sum."""
    lines = [f"{'layer':<14} {'type':<13} {'output':<13} {'parameters':>10} {'multiply-accumulates':>21}"]
    for cost in costs:
        shape = " x ".join(str(length) for length in cost.output_shape)
        numbers = f"{cost.parameters:>10,} {cost.multiply_accumulates:>21,}"
        lines.append(f"{cost.name:<14} {cost.type:<13} {shape:<13} {numbers}")
    parameters = sum(cost.parameters for cost in costs)
    multiply_accumulates = sum(cost.multiply_accumulates for cost in costs)
    lines.append(f"{'total':<42} {parameters:>10,} {multiply_accumulates:>21,}")
    return "\n".join(lines)
