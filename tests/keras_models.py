"""Keras models as students and hobbyists write them, each with data that the code makes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.task import BINARY, CLASSIFICATION, RECONSTRUCTION, REGRESSION

Arrays = dict[str, NDArray[Any]]
Making = tuple[Any, Arrays]  # a compiled, untrained model and the arrays of its .npz file

TRAIN, TEST = 240, 60


@dataclass(frozen=True)
class Example:
    """A model and what must be found out about it. `tasks`: of each output; empty where it is refused, with
    a message that `refusal` matches."""

    make: Callable[[Any], Making]  # takes keras.layers
    tasks: tuple[str, ...] = (CLASSIFICATION,)
    refusal: str = ""
    slow: bool = False  # left to the full proof


def fitted(model: Any, arrays: Arrays, epochs: int) -> None:
    """Train `model` for a few epochs on `arrays`, several inputs and outputs in the order of the model."""
    xs, ys = (_halves(arrays, name) for name in ("x_train", "y_train"))
    scaled = [x.astype(np.float32) / 255 if x.dtype == np.uint8 and not _scales(model) else x for x in xs]
    if model.output_shape == model.input_shape:  # an autoencoder
        ys = scaled
    model.fit(_one_or_all(scaled), _one_or_all(ys), epochs=epochs, batch_size=32, verbose=0)


def _scales(model: Any) -> bool:
    return any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in model.layers)


def _halves(arrays: Arrays, name: str) -> list[NDArray[Any]]:
    return [array for key, array in arrays.items() if key == name or key.startswith(f"{name}_")]


def _one_or_all(arrays: list[NDArray[Any]]) -> Any:
    return arrays[0] if len(arrays) == 1 else arrays


# ---- data ----
def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


def images(side: int = 16, channels: int = 1, classes: int = 3) -> Arrays:
    """uint8 images of a bright stripe; the label says in which part of the image it is."""
    rng = _rng()
    labels = rng.integers(0, classes, TRAIN + TEST)
    pixels = rng.integers(0, 120, (TRAIN + TEST, side, side, channels))
    for image, label in zip(pixels, labels, strict=True):
        image[side * label // classes + 1] += 120
    return _split(x=pixels.astype(np.uint8), y=labels)


def waves(steps: int = 32, channels: int = 3, classes: int = 4) -> Arrays:
    """float32 sequences of sines; the label says how fast they are."""
    rng = _rng()
    labels = rng.integers(0, classes, TRAIN + TEST)
    time = np.arange(steps)[:, np.newaxis] / steps
    phase = rng.uniform(0, 6, (TRAIN + TEST, 1, channels))
    x = np.sin(2 * np.pi * (labels[:, np.newaxis, np.newaxis] + 1) * time + phase)
    return _split(x=(x + rng.normal(0, 0.2, x.shape)).astype(np.float32), y=labels)


def table(features: int = 8) -> NDArray[np.float32]:
    """Rows of features of very different sizes."""
    rng = _rng()
    scales = 10.0 ** rng.uniform(-1, 2, features)
    return (rng.normal(1, 1, (TRAIN + TEST, features)) * scales).astype(np.float32)


def _split(**arrays: NDArray[Any]) -> Arrays:
    """Each array's first rows to train and the others to test, `x_left` as x_train_left and x_test_left."""
    parts = {}
    for name, array in arrays.items():
        kind, _, port = name.partition("_")
        for half, chosen in (("train", slice(TRAIN)), ("test", slice(TRAIN, None))):
            parts[f"{kind}_{half}" + (f"_{port}" if port else "")] = array[chosen]
    return parts


def _compiled(model: Any, loss: Any, rate: float = 3e-3) -> Any:
    import keras

    model.compile(keras.optimizers.Adam(rate), loss)
    return model


def _classifier(*layers: Any) -> Any:
    import keras

    return _compiled(keras.Sequential(list(layers)), "sparse_categorical_crossentropy")


# ---- models ----
def batch_normalised(layers: Any) -> Making:
    return _classifier(
        layers.Input((16, 16, 1)),
        layers.Conv2D(8, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Conv2D(8, 3),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(3, activation="softmax"),
    ), images()


def separable(layers: Any) -> Making:
    return _classifier(
        layers.Input((16, 16, 3)),
        layers.Rescaling(1 / 255),
        layers.SeparableConv2D(8, 3, padding="same", activation="relu"),
        layers.DepthwiseConv2D(3, strides=2, activation="relu"),
        layers.Conv2D(8, 1, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax"),
    ), images(channels=3)


def residual(layers: Any) -> Making:
    import keras

    image = keras.Input((16, 16, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    y = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = layers.Activation("relu")(layers.Add()([x, layers.Conv2D(8, 3, padding="same")(y)]))
    x = layers.GlobalMaxPooling2D()(x)
    model = keras.Model(image, layers.Dense(3, activation="softmax")(x))
    return _compiled(model, "sparse_categorical_crossentropy"), images()


def conv1d(layers: Any) -> Making:
    return _classifier(
        layers.Input((32, 3)),
        layers.Conv1D(8, 5, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(8, 3, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(4, activation="softmax"),
    ), waves()


def leaky(layers: Any) -> Making:
    return _classifier(
        layers.Input((32, 3)),
        layers.Conv1D(8, 3, strides=2, padding="same"),
        layers.LeakyReLU(negative_slope=0.1),
        layers.GlobalMaxPooling1D(),
        layers.Dense(16),
        layers.PReLU(),
        layers.Dense(4, activation="softmax"),
    ), waves()


def squashed(layers: Any) -> Making:
    return _classifier(
        layers.Input((32, 3)),
        layers.Conv1D(8, 3, activation="tanh"),
        layers.Conv1D(8, 3, activation="swish"),
        layers.AveragePooling1D(2),
        layers.Flatten(),
        layers.Dense(12, activation="elu"),
        layers.Dense(4, activation="softmax"),
    ), waves()


def yes_or_no(layers: Any) -> Making:
    import keras

    arrays = images(classes=2)
    model = keras.Sequential(
        [
            layers.Input((16, 16, 1)),
            layers.Conv2D(6, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    return _compiled(model, "binary_crossentropy"), arrays


def logits(layers: Any) -> Making:
    import keras

    model = keras.Sequential(
        [layers.Input((16, 16, 1)), layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dense(3)]
    )
    return _compiled(model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)), images()


def several_labels(layers: Any) -> Making:
    import keras

    arrays = waves()
    for half in ("train", "test"):
        first = arrays[f"y_{half}"]
        arrays[f"y_{half}"] = np.stack([first > 0, first % 2 == 0], axis=1).astype(np.float32)
    model = keras.Sequential(
        [
            layers.Input((32, 3)),
            layers.Conv1D(8, 5, activation="relu"),
            layers.Flatten(),
            layers.Dense(2, activation="sigmoid"),
        ]
    )
    return _compiled(model, "binary_crossentropy"), arrays


def several_inputs(layers: Any) -> Making:
    import keras

    accelerometer, gyroscope = keras.Input((32, 3), name="gyroscope"), keras.Input((4,), name="accelerometer")
    x = layers.Conv1D(6, 3, activation="relu")(accelerometer)
    joined = layers.Concatenate()(
        [layers.GlobalAveragePooling1D()(x), layers.Dense(6, activation="relu")(gyroscope)]
    )
    model = keras.Model([accelerometer, gyroscope], layers.Dense(4, activation="softmax")(joined))
    sine = waves()
    means = {half: sine[f"x_{half}"].mean(axis=1) for half in ("train", "test")}
    arrays = {}
    for half in ("train", "test"):
        arrays[f"x_{half}_gyroscope"] = sine[f"x_{half}"]
        arrays[f"x_{half}_accelerometer"] = np.hstack([means[half], means[half][:, :1] ** 2])
        arrays[f"y_{half}"] = sine[f"y_{half}"]
    return _compiled(model, "sparse_categorical_crossentropy"), arrays


def several_outputs(layers: Any) -> Making:
    import keras

    wave = keras.Input((32, 3), name="wave")
    x = layers.GlobalAveragePooling1D()(layers.Conv1D(12, 5, activation="relu")(wave))
    model = keras.Model(
        wave, [layers.Dense(4, activation="softmax", name="speed")(x), layers.Dense(1, name="loudness")(x)]
    )
    model.compile(keras.optimizers.Adam(3e-3), ["sparse_categorical_crossentropy", "mse"])
    arrays = waves()
    for half in ("train", "test"):
        arrays[f"y_{half}_speed"] = arrays.pop(f"y_{half}")
        arrays[f"y_{half}_loudness"] = np.abs(arrays[f"x_{half}"]).mean(axis=(1, 2))
    return model, arrays


def dilated(layers: Any) -> Making:
    return _classifier(
        layers.Input((16, 16, 1)),
        layers.ZeroPadding2D(1),
        layers.Conv2D(6, 3, strides=2, activation="relu"),
        layers.Conv2D(6, 3, dilation_rate=2, padding="same", activation="relu6"),
        layers.AveragePooling2D(2),
        layers.Reshape((-1,)),
        layers.Dense(3, activation="softmax"),
    ), images()


def lstm(layers: Any) -> Making:
    return _classifier(
        layers.Input((10, 3)),
        layers.LSTM(8, return_sequences=True),
        layers.LSTM(6),
        layers.Dense(4, activation="softmax"),
    ), waves(steps=10)


def gru(layers: Any) -> Making:
    return _classifier(
        layers.Input((10, 3)), layers.Bidirectional(layers.GRU(6)), layers.Dense(4, activation="softmax")
    ), waves(steps=10)


def simple_rnn(layers: Any) -> Making:
    return _classifier(
        layers.Input((12, 3)), layers.SimpleRNN(8), layers.Dense(4, activation="softmax")
    ), waves(steps=12)


def rescaled(layers: Any) -> Making:
    return _classifier(
        layers.Input((16, 16, 1)),
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(6, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(3, activation="softmax"),
    ), images()


def tabular(layers: Any) -> Making:
    import keras

    x = table()
    y = (x / x.std(axis=0)) @ np.linspace(-1, 1, x.shape[1]) + 5
    normal = layers.Normalization()
    normal.adapt(x[:TRAIN])
    model = keras.Sequential(
        [
            layers.Input((x.shape[1],)),
            normal,
            layers.Dense(16, activation="relu"),
            layers.Dense(8, activation="relu"),
            layers.Dense(1),
        ]
    )
    return _compiled(model, "mse", 1e-2), _split(x=x, y=y.astype(np.float32))


def autoencoder(layers: Any) -> Making:
    import keras

    x = waves(steps=8, channels=2)
    flat: Arrays = {half: x[f"x_{half}"].reshape(-1, 16) for half in ("train", "test")}
    anomalies = np.arange(TEST) % 3 == 0
    flat["test"] = np.where(anomalies[:, np.newaxis], _rng().normal(0, 1, (TEST, 16)), flat["test"])
    model = keras.Sequential(
        [
            layers.Input((16,)),
            layers.Dense(12, activation="relu"),
            layers.Dense(4, activation="relu"),
            layers.Dense(12, activation="relu"),
            layers.Dense(16),
        ]
    )
    arrays = {
        "x_train": flat["train"],
        "x_test": flat["test"].astype(np.float32),
        "y_test": anomalies.astype(np.int64),
        "y_train": np.zeros(TRAIN, np.int64),
    }
    return _compiled(model, "mse", 1e-2), arrays


def image_autoencoder(layers: Any) -> Making:
    import keras

    model = keras.Sequential(
        [
            layers.Input((16, 16, 1)),
            layers.Conv2D(6, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(6, 3, strides=2, padding="same", activation="relu"),
            layers.UpSampling2D(1),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    arrays = {name: array for name, array in images().items() if name.startswith("x")}
    return _compiled(model, "mse", 1e-2), arrays


def rebuilt_sequence(layers: Any) -> Making:
    """An autoencoder of sequences: a vector repeated for every step."""
    import keras

    model = keras.Sequential(
        [
            layers.Input((8, 2)),
            layers.SimpleRNN(6),
            layers.RepeatVector(8),
            layers.SimpleRNN(6, return_sequences=True),
            layers.TimeDistributed(layers.Dense(2)),
        ]
    )
    return _compiled(model, "mse", 1e-2), {
        name: array for name, array in waves(steps=8, channels=2).items() if name.startswith("x")
    }


def attention(layers: Any) -> Making:
    import keras

    steps = keras.Input((8, 3))
    x = layers.MultiHeadAttention(2, 4)(steps, steps)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(layers.Add()([x, steps])))
    model = keras.Model(steps, layers.Dense(4, activation="softmax")(x))
    return _compiled(model, "sparse_categorical_crossentropy"), waves(steps=8)


def segmentation(layers: Any) -> Making:
    """A class for each pixel."""
    arrays = images(side=8)
    for half in ("train", "test"):
        arrays[f"y_{half}"] = (arrays[f"x_{half}"][..., 0] > 130).astype(np.int64)
    return _classifier(
        layers.Input((8, 8, 1)),
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(2, 1, activation="softmax"),
    ), arrays


def softplus(layers: Any) -> Making:
    return _classifier(
        layers.Input((32, 3)),
        layers.Flatten(),
        layers.Dense(12, activation="softplus"),
        layers.Dense(4, activation="softmax"),
    ), waves()


def masked(layers: Any) -> Making:
    words = _rng().integers(0, 20, (TRAIN + TEST, 6))
    return _classifier(
        layers.Input((6,), dtype="int32"),
        layers.Embedding(20, 4, mask_zero=True, name="words"),
        layers.LSTM(4),
        layers.Dense(2, activation="softmax"),
    ), _split(x=words.astype(np.int32), y=(words[:, 0] > 9).astype(np.int64))


def gelu(layers: Any) -> Making:
    return _classifier(
        layers.Input((32, 3)),
        layers.Flatten(),
        layers.Dense(12, activation="gelu", name="hidden"),
        layers.Dense(4, activation="softmax"),
    ), waves()


def embedding(layers: Any) -> Making:
    rng = _rng()
    words = rng.integers(0, 20, (TRAIN + TEST, 10))
    return _classifier(
        layers.Input((10,), dtype="int32"),
        layers.Embedding(20, 6),
        layers.GlobalAveragePooling1D(),
        layers.Dense(2, activation="softmax"),
    ), _split(x=words.astype(np.int32), y=(words[:, 0] > 9).astype(np.int64))


def every_step(layers: Any) -> Making:
    """A class for each step of a sequence."""
    arrays = waves()
    for half in ("train", "test"):
        arrays[f"y_{half}"] = (arrays[f"x_{half}"][..., 0] > 0).astype(np.int64)
    return _classifier(
        layers.Input((32, 3)),
        layers.Conv1D(8, 3, padding="same", activation="relu"),
        layers.TimeDistributed(layers.Dense(2, activation="softmax")),
    ), arrays


def squeezed_and_excited(layers: Any) -> Making:
    import keras

    image = keras.Input((16, 16, 1))
    x = layers.Conv2D(8, 3, activation="relu")(image)
    gate = layers.Dense(8, activation="sigmoid")(
        layers.Dense(4, activation="relu")(layers.GlobalAveragePooling2D()(x))
    )
    x = layers.Multiply()([x, layers.Reshape((1, 1, 8))(gate)])
    model = keras.Model(image, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))
    return _compiled(model, "sparse_categorical_crossentropy"), images()


def layer_normalised(layers: Any) -> Making:
    return _classifier(
        layers.Input((32, 3)),
        layers.Conv1D(8, 5),
        layers.LayerNormalization(),
        layers.Activation("elu"),
        layers.Flatten(),
        layers.Dense(4, activation="softmax"),
    ), waves()


def mixed(layers: Any) -> Making:
    """A model of models, with augmentation inside."""
    import keras

    encoder = keras.Sequential(
        [
            layers.Input((16, 16, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(6, 3, strides=2),
            layers.ReLU(max_value=6),
            layers.Flatten(),
        ]
    )
    return _classifier(
        layers.Input((16, 16, 1)), layers.RandomFlip("horizontal"), encoder, layers.Dense(3), layers.Softmax()
    ), images()


def conv_lstm(layers: Any) -> Making:
    rng = _rng()
    x = rng.normal(0, 1, (TRAIN + TEST, 4, 8, 8, 1)).astype(np.float32)
    return _classifier(
        layers.Input((4, 8, 8, 1)),
        layers.ConvLSTM2D(2, 3),
        layers.Flatten(),
        layers.Dense(2, activation="softmax"),
    ), _split(x=x, y=(x.mean(axis=(1, 2, 3, 4)) > 0).astype(np.int64))


EXAMPLES = {
    "batch_normalised": Example(batch_normalised),
    "separable": Example(separable),
    "residual": Example(residual),
    "conv1d": Example(conv1d),
    "leaky": Example(leaky),
    "squashed": Example(squashed),
    "yes_or_no": Example(yes_or_no, (BINARY,)),
    "logits": Example(logits),
    "several_labels": Example(several_labels, (BINARY,)),
    "several_inputs": Example(several_inputs),
    "several_outputs": Example(several_outputs, (CLASSIFICATION, REGRESSION)),
    "dilated": Example(dilated),
    "lstm": Example(lstm),
    "gru": Example(gru, slow=True),
    "simple_rnn": Example(simple_rnn),
    "rescaled": Example(rescaled),
    "tabular": Example(tabular, (REGRESSION,)),
    "autoencoder": Example(autoencoder, (RECONSTRUCTION,)),
    "image_autoencoder": Example(image_autoencoder, (RECONSTRUCTION,)),
    "rebuilt_sequence": Example(rebuilt_sequence, (RECONSTRUCTION,), slow=True),
    "attention": Example(attention),
    "segmentation": Example(segmentation),
    "softplus": Example(softplus, (), r"operator 2 \(EXP\) works on int8.*use relu, elu"),
    "masked": Example(masked, (), r"layer words hides steps .*mask_zero=False"),
    "gelu": Example(gelu, (), r'layer \w+: operator 2 \(GELU\) cannot .*activation="swish"'),
    "embedding": Example(embedding),
    "every_step": Example(every_step, slow=True),
    "squeezed_and_excited": Example(squeezed_and_excited),
    "layer_normalised": Example(layer_normalised),
    "mixed": Example(mixed),
    "conv_lstm": Example(conv_lstm, (), "ConvLSTM2D, on whose loop the converter crashes"),
}
