"""Gestures from an accelerometer: a Conv1D network over one second of three axes.

.venv/bin/python examples/gestures.py
make KERAS=build/examples/gestures.keras DATA=build/examples/gestures.npz
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from keras import layers

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--out", type=Path, default=Path("build/examples"), help="where to write")
parser.add_argument("--epochs", type=int, default=15)
options = parser.parse_args()

# ---- the data: 64 samples in a second, in units of gravity, the board held in any direction ----
GESTURES = ("rest", "shake", "circle", "tap")
STEPS = 64
rng = np.random.default_rng(0)
time = np.arange(STEPS) / STEPS


def recorded(gesture: int) -> np.ndarray:
    """One second of a gesture: float32 (64, 3)."""
    gravity = rng.normal(size=3)
    signal = np.tile(gravity / np.linalg.norm(gravity), (STEPS, 1))
    speed, start = rng.uniform(3, 6), rng.uniform(0, 2 * np.pi)
    strength = rng.uniform(0.5, 1.5)
    if GESTURES[gesture] == "shake":  # to and fro along one axis
        signal[:, rng.integers(3)] += strength * np.sin(2 * np.pi * speed * time + start)
    elif GESTURES[gesture] == "circle":  # two axes, a quarter of a turn apart
        first, second = rng.permutation(3)[:2]
        signal[:, first] += strength * np.sin(2 * np.pi * speed / 2 * time + start)
        signal[:, second] += strength * np.cos(2 * np.pi * speed / 2 * time + start)
    elif GESTURES[gesture] == "tap":  # a blow that rings down
        late = np.maximum(time - rng.uniform(0.1, 0.7), 0)
        ringing = np.sin(2 * np.pi * 15 * late) * np.exp(-12 * late)
        signal[:, rng.integers(3)] += 2 * strength * ringing
    return (signal + rng.normal(0, 0.08, signal.shape)).astype(np.float32)


labels = np.arange(3000) % len(GESTURES)
x = np.stack([recorded(label) for label in labels])
order = rng.permutation(len(x))
x, y = x[order], labels[order]
x_train, y_train, x_test, y_test = x[:2400], y[:2400], x[2400:], y[2400:]

# ---- the network and its training ----
keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        keras.Input((STEPS, 3), name="acceleration"),
        layers.Conv1D(12, 7, strides=2, padding="same", activation="relu"),
        layers.Conv1D(16, 5, strides=2, padding="same", activation="relu"),
        layers.Conv1D(16, 3, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(len(GESTURES), activation="softmax"),
    ],
    name="gestures",
)
model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=32, epochs=options.epochs, validation_split=0.1, verbose=2)

# ---- what make takes ----
options.out.mkdir(parents=True, exist_ok=True)
model.save(options.out / "gestures.keras")
np.savez(
    options.out / "gestures.npz",
    x_train=x_train,
    y_train=y_train,
    x_test=x_test,
    y_test=y_test,
    classes=np.array(GESTURES),
    source=np.array("gestures made by examples/gestures.py"),
)
print(f"make KERAS={options.out}/gestures.keras DATA={options.out}/gestures.npz")
