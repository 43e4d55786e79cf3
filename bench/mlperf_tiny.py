"""The four reference architectures of MLPerf Tiny, in Keras, with seeded weights that nobody trained.

They are what github.com/mlcommons/tiny has at 1afd2c9820f795965a6134facd0b4dfae41ef23f under
benchmark/training, layer by layer. What they compute is of no use; what they cost is what the trained ones
cost.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

IMAGES = 32  # random ones, for the statistics of the batch normalisations and the ranges of the activations

# Filters and stride of each separable convolution of MobileNet.
_MOBILENET = (
    *((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)),
    *((128, 1),) * 5,
    *((256, 2), (256, 1)),
)


def flatbuffer(name: str, seed: int = 0) -> bytes:
    """The int8 flatbuffer of one of ARCHITECTURES, by the project's own post-training quantisation."""
    import keras

    from quantize.network import network_of
    from quantize.ptq import converted

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = ARCHITECTURES[name](keras.layers)
    images = np.random.default_rng(seed).normal(size=(IMAGES, *model.input_shape[1:])).astype(np.float32)
    model(images, training=True)
    return converted(network_of(model, name).single, [images])


def keyword_spotting(layers: Any) -> Any:
    """DS-CNN: 49 x 10 spectrograms, twelve words."""
    image, x = _input(layers, (49, 10, 1))
    x = _normalised(layers, layers.Conv2D(64, (10, 4), 2, "same")(x))
    for _ in range(4):
        x = _separable(layers, x, 64, 1)
    x = layers.AveragePooling2D((25, 5))(x)
    return _classifier(layers, image, x, 12)


def image_classification(layers: Any) -> Any:
    """ResNet-8: 32 x 32 colour images, ten classes."""
    image, x = _input(layers, (32, 32, 3))
    x = _normalised(layers, layers.Conv2D(16, 3, 1, "same")(x))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        y = _normalised(layers, layers.Conv2D(filters, 3, stride, "same")(x))
        y = _normalised(layers, layers.Conv2D(filters, 3, 1, "same")(y), active=False)
        if stride > 1:
            x = layers.Conv2D(filters, 1, stride, "same")(x)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    return _classifier(layers, image, layers.AveragePooling2D(8)(x), 10)


def visual_wake_words(layers: Any) -> Any:
    """MobileNet v1, a quarter of its filters: 96 x 96 colour images, a person or none."""
    image, x = _input(layers, (96, 96, 3))
    x = _normalised(layers, layers.Conv2D(8, 3, 2, "same")(x))
    for filters, stride in _MOBILENET:
        x = _separable(layers, x, filters, stride)
    return _classifier(layers, image, layers.AveragePooling2D(3)(x), 2)


def anomaly_detection(layers: Any) -> Any:
    """An autoencoder of dense layers: five frames of 128 frequencies."""
    import keras

    frames, x = _input(layers, (640,))
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = _normalised(layers, layers.Dense(units)(x))
    return keras.Model(frames, layers.Dense(640)(x))


ARCHITECTURES: dict[str, Callable[[Any], Any]] = {
    architecture.__name__: architecture
    for architecture in (keyword_spotting, image_classification, visual_wake_words, anomaly_detection)
}


def _input(layers: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    image = layers.Input(shape)
    return image, image


def _normalised(layers: Any, x: Any, active: bool = True) -> Any:
    x = layers.BatchNormalization(momentum=0.0)(x)  # the statistics of the one call in training mode
    return layers.Activation("relu")(x) if active else x


def _separable(layers: Any, x: Any, filters: int, stride: int) -> Any:
    x = _normalised(layers, layers.DepthwiseConv2D(3, stride, "same")(x))
    return _normalised(layers, layers.Conv2D(filters, 1)(x))


def _classifier(layers: Any, image: Any, x: Any, classes: int) -> Any:
    import keras

    return keras.Model(image, layers.Dense(classes, activation="softmax")(layers.Flatten()(x)))
