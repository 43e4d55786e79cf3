"""A ReLU that leaks in the first half of a training, so that no unit of a narrow layer dies."""

from typing import Any

import keras
import tensorflow as tf


class FadingLeak(keras.callbacks.Callback):  # type: ignore[misc]
    """While it fades, `layer` computes max(z, slope * z) instead of its ReLU.

    The inputs of dense_1 are never negative, so a few large steps can make one of its ten units negative for
    every image. A ReLU gives such a unit no gradient, and it is lost for good, as two or three of the ten are
    in most trainings. A slope below zero leaves it a way back. The slope falls linearly from `slope` to 0 in
    the first half of `steps` steps; from then on, and after training, the layer is the ReLU that it was.
    """

    def __init__(self, layer: keras.Layer, slope: float, steps: int) -> None:
        super().__init__()
        self.layer = layer
        self.relu = layer.activation
        self.first_slope = slope
        self.fading_steps = max(1, steps // 2)
        self.step = 0
        self.slope = tf.Variable(slope, trainable=False, dtype=tf.float32)
        layer.activation = self._leaky_relu

    def _leaky_relu(self, z: Any) -> Any:
        return tf.maximum(z, self.slope * z)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.step += 1
        self.slope.assign(self.first_slope * max(0.0, 1.0 - self.step / self.fading_steps))

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self.layer.activation = self.relu
