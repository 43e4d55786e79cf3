"""Worn bearings from their vibration: an autoencoder that has only ever seen good ones.

    .venv/bin/python examples/bearing.py
    make KERAS=build/examples/bearing.keras DATA=build/examples/bearing.npz

What it cannot rebuild is unlike anything in training. The test inputs say which are worn (y_test), so that
the report draws how well the error of reconstruction tells them apart.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from keras import layers

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--out", type=Path, default=Path("build/examples"), help="where to write")
parser.add_argument("--epochs", type=int, default=40)
options = parser.parse_args()

# ---- the data: spectra of 64 bands, in logarithms, of a machine at various speeds ----
SAMPLES, BANDS = 256, 64
rng = np.random.default_rng(0)
time = np.arange(SAMPLES) / SAMPLES


def spectrum(worn: bool) -> np.ndarray:
    """The vibration of one turn's worth of samples as 64 logarithms, about -1 to 1: float32 (64,)."""
    speed = rng.uniform(8, 12)
    shaft = sum(
        rng.uniform(0.5, 1) / k * np.sin(2 * np.pi * (k * speed * time + rng.uniform())) for k in (1, 2, 3)
    )
    signal = shaft + rng.normal(0, 0.15, SAMPLES)
    if worn:  # each ball that passes the damage strikes a resonance
        blows = np.sin(2 * np.pi * 3.6 * speed * time + rng.uniform(0, 6)) > 0.95
        signal += np.convolve(
            blows * rng.uniform(0.3, 1.2), np.sin(np.arange(24) * 1.4) * np.exp(-np.arange(24) / 6)
        )[:SAMPLES]
    power = np.abs(np.fft.rfft(signal * np.hanning(SAMPLES)))[1:].reshape(BANDS, -1).mean(axis=1)
    return (np.log10(power + 1e-2) / 2).astype(np.float32)


x_train = np.stack([spectrum(worn=False) for _ in range(3000)])
y_test = (np.arange(800) % 2).astype(np.int64)
x_test = np.stack([spectrum(worn=bool(worn)) for worn in y_test])

# ---- the network and its training ----
keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        keras.Input((BANDS,), name="spectrum"),
        layers.Dense(32, activation="relu"),
        layers.Dense(8, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(BANDS),
    ],
    name="bearing",
)
model.compile(keras.optimizers.Adam(2e-3), "mse")
model.fit(x_train, x_train, batch_size=32, epochs=options.epochs, validation_split=0.1, verbose=2)

# ---- what make takes ----
options.out.mkdir(parents=True, exist_ok=True)
model.save(options.out / "bearing.keras")
np.savez(
    options.out / "bearing.npz",
    x_train=x_train,
    x_test=x_test,
    y_train=np.zeros(len(x_train), np.int64),
    y_test=y_test,
    source=np.array("bearings made by examples/bearing.py"),
)
print(f"make KERAS={options.out}/bearing.keras DATA={options.out}/bearing.npz")
