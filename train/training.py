"""One training run: split off the validation images, feed batches, follow the recipe, keep the curves."""

import time
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from contract.dataset import Array, Dataset, network_input
from train.augment import random_affine
from train.recipes import Recipe

# The same images validate whatever the seed, so that runs with different seeds can be compared. They are
# drawn from all, since a user's own images may be sorted by class.
SPLIT_SEED = 0
LOSS = "categorical_crossentropy"
WARMUP = 20  # one step in this many, at the beginning, warms up for a cosine schedule


@dataclass
class Curves:
    """What happened in each epoch: one number an epoch in each list."""

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)  # at the end of the epoch
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Split:
    """The training images and those that validate: float32 images as the network takes them, uint8 labels."""

    x_train: Array
    y_train: Array
    x_validation: Array
    y_validation: Array
    validation: Array  # int64, the indices of the validation images into the dataset's x_train


def split(dataset: Dataset, validation_fraction: float) -> Split:
    """Set aside `validation_fraction` of the training images, drawn at random, for validation."""
    images, labels = network_input(dataset.x_train), dataset.y_train
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    held_out = max(1, round(len(images) * validation_fraction))
    train, validation = order[held_out:], order[:held_out]
    return Split(images[train], labels[train], images[validation], labels[validation], validation)


def fit(model: keras.Model, parts: Split, recipe: Recipe, seed: int) -> tuple[Curves, int]:
    """Train `model` in place as `recipe` says; return the curves and the epoch (from 0) it ends up with."""
    classes = model.output_shape[-1]
    steps = -(-len(parts.x_train) // recipe.batch_size)
    curves = Curves()
    callbacks: list[keras.callbacks.Callback] = [_Recorder(curves, recipe.epochs)]
    if recipe.patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping("val_loss", patience=recipe.patience, restore_best_weights=True)
        )
    model.compile(
        optimizer=_optimizer(recipe, recipe.epochs * steps),
        loss=LOSS,
        metrics=["accuracy"],
    )
    model.fit(
        _training_batches(parts, classes, recipe, seed),
        steps_per_epoch=steps,
        epochs=recipe.epochs,
        validation_data=_batches(parts.x_validation, parts.y_validation, classes),
        callbacks=callbacks,
        shuffle=False,  # the batches are shuffled already
        verbose=0,
    )
    last = len(curves.loss) - 1
    return curves, last if recipe.patience is None else int(np.argmin(curves.val_loss))


def evaluate(model: keras.Model, images: Array, labels: Array) -> tuple[float, float]:
    """Loss and accuracy (a fraction) of `model` on `images`, integers or floats as they are stored."""
    batches = _batches(network_input(images), labels, model.output_shape[-1])
    if not model.compiled:  # a folded network
        model.compile(loss=LOSS, metrics=["accuracy"])
    results = model.evaluate(batches, verbose=0, return_dict=True)
    return float(results["loss"]), float(results["accuracy"])


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    rate = learning_rate(recipe, steps)
    if recipe.weight_decay:
        return keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
    return keras.optimizers.Adam(rate)


def learning_rate(recipe: Recipe, steps: int) -> Any:
    """The learning rate in a training of `steps` steps: a number, or a Keras schedule."""
    if not recipe.cosine:
        return recipe.learning_rate
    warmup = steps // WARMUP
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
        decay_steps=steps - warmup,
    )


def _training_batches(parts: Split, classes: int, recipe: Recipe, seed: int) -> tf.data.Dataset:
    """Batches without end, every epoch in another order; augmented on the fly when the recipe says so."""
    images, targets = tf.constant(parts.x_train), tf.one_hot(parts.y_train, classes)
    count = len(parts.x_train)
    steps = -(-count // recipe.batch_size)

    def batch(step: tf.Tensor, chosen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        x = tf.gather(images, chosen)
        if recipe.augment:
            left = 1.0 - tf.cast(step, tf.float32) / (recipe.epochs * steps)
            strength = tf.clip_by_value(left / recipe.fade, 0.0, 1.0)
            x = random_affine(x, seed=tf.stack([tf.constant(seed, tf.int64), step]), strength=strength)
        return x, tf.gather(targets, chosen)

    indices = tf.data.Dataset.range(count).shuffle(count, seed=seed).batch(recipe.batch_size)
    return indices.repeat().enumerate().map(batch, num_parallel_calls=2).prefetch(tf.data.AUTOTUNE)


def _batches(images: Array, labels: Array, classes: int) -> tf.data.Dataset:
    """All images in order, for measuring."""
    return tf.data.Dataset.from_tensor_slices((images, tf.one_hot(labels, classes))).batch(1000)


class _Recorder(keras.callbacks.Callback):  # type: ignore[misc]
    """Fills `curves` and prints one line an epoch."""

    def __init__(self, curves: Curves, epochs: int) -> None:
        super().__init__()
        self.curves = curves
        self.epochs = epochs
        self.started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        measured = {name: float(value) for name, value in (logs or {}).items()}
        measured["learning_rate"] = float(self.model.optimizer.learning_rate)
        measured["seconds"] = time.perf_counter() - self.started
        for name, values in vars(self.curves).items():
            values.append(measured[name])
        print(
            f"epoch {epoch + 1:>3}/{self.epochs}   loss {measured['loss']:.4f}   "
            f"accuracy {measured['accuracy']:.2%}   validation {measured['val_accuracy']:.2%}   "
            f"learning rate {measured['learning_rate']:.1e}   {measured['seconds']:.1f} s",
            flush=True,
        )
