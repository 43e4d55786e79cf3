"""Shapes in noisy images: a small residual network with batch normalisation.

.venv/bin/python examples/shapes.py
make KERAS=build/examples/shapes.keras DATA=build/examples/shapes.npz
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from keras import layers

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--out", type=Path, default=Path("build/examples"), help="where to write")
parser.add_argument("--epochs", type=int, default=12)
options = parser.parse_args()

# ---- the data: uint8 images of 32 x 32 x 3, which the pipeline divides by 255 as it is done here ----
SHAPES = ("disc", "ring", "square", "cross", "triangle")
SIDE = 32
rng = np.random.default_rng(0)
rows, columns = np.mgrid[:SIDE, :SIDE]


def drawn(shape: int) -> np.ndarray:
    """A shape of any size, place, turn and colour on another colour: uint8 (32, 32, 3)."""
    size, turn = rng.uniform(6, 12), rng.uniform(0, 2 * np.pi)
    middle = rng.uniform(size, SIDE - size, 2)
    y, x = (rows - middle[0]) / size, (columns - middle[1]) / size
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    inside = {
        "disc": np.hypot(x, y) < 1,
        "ring": (np.hypot(x, y) < 1) & (np.hypot(x, y) > 0.6),
        "square": np.maximum(abs(x), abs(y)) < 0.75,
        "cross": (np.minimum(abs(x), abs(y)) < 0.25) & (np.maximum(abs(x), abs(y)) < 1),
        "triangle": (y < 0.6) & (y > 1.8 * abs(x) - 1),
    }[SHAPES[shape]]
    ground, colour = rng.uniform(0, 1, (2, 3))
    colour = np.where(abs(colour - ground) < 0.3, 1 - ground, colour)
    image = np.where(inside[..., np.newaxis], colour, ground) + rng.normal(0, 0.1, (SIDE, SIDE, 3))
    return (255 * image.clip(0, 1)).astype(np.uint8)


labels = np.arange(5000) % len(SHAPES)
images = np.stack([drawn(label) for label in labels])
x_train, y_train, x_test, y_test = images[:4000], labels[:4000], images[4000:], labels[4000:]


# ---- the network and its training ----
def residual(x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    """Two convolutions beside a shortcut (He and others 2015)."""
    y = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    shortcut = x if strides == 1 else layers.Conv2D(filters, 1, strides, padding="same")(x)
    return layers.ReLU()(layers.Add()([y, shortcut]))


keras.utils.set_random_seed(0)
image = keras.Input((SIDE, SIDE, 3), name="image")
x = layers.Conv2D(8, 3, 2, padding="same", activation="relu")(image)
x = residual(x, 8, strides=1)
x = residual(x, 16, strides=2)
x = residual(x, 24, strides=2)
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(image, layers.Dense(len(SHAPES), activation="softmax")(x), name="shapes")
rate = keras.optimizers.schedules.CosineDecay(4e-3, decay_steps=57 * options.epochs)
model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train / 255.0, y_train, batch_size=64, epochs=options.epochs, validation_split=0.1, verbose=2)

# ---- what make takes ----
options.out.mkdir(parents=True, exist_ok=True)
model.save(options.out / "shapes.keras")
np.savez(
    options.out / "shapes.npz",
    x_train=x_train,
    y_train=y_train,
    x_test=x_test,
    y_test=y_test,
    classes=np.array(SHAPES),
    source=np.array("shapes drawn by examples/shapes.py"),
)
print(f"make KERAS={options.out}/shapes.keras DATA={options.out}/shapes.npz")
