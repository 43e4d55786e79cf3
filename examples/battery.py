"""The charge left in a battery from what a board can measure: a regression by three dense layers.

    .venv/bin/python examples/battery.py
    make KERAS=build/examples/battery.keras DATA=build/examples/battery.npz

The features have very different sizes, and int8 has one scale for all of them: normalised before the model,
each has its share of the 256 steps. The application does the same to what it measures, with the numbers that
are printed here.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from keras import layers

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--out", type=Path, default=Path("build/examples"), help="where to write")
parser.add_argument("--epochs", type=int, default=30)
options = parser.parse_args()

# ---- the data: a lithium cell of 3.0 to 4.2 V behind a resistance that grows in the cold ----
FEATURES = ("voltage (V)", "current (A)", "temperature (C)", "cycles")
rng = np.random.default_rng(0)
count = 5000
charge = rng.uniform(0, 1, count)
current = rng.uniform(-0.5, 2.0, count)  # discharging is positive
temperature = rng.uniform(-10, 45, count)
cycles = rng.integers(0, 800, count)
open_circuit = 3.0 + 0.95 * charge**0.55 + 0.25 * charge**6
resistance = 0.05 * (1 + np.exp(-(temperature + 5) / 12)) * (1 + cycles / 1500)
voltage = open_circuit - current * resistance + rng.normal(0, 0.004, count)

measured = np.column_stack([voltage, current, temperature, cycles])
mean, deviation = measured[:4000].mean(axis=0), measured[:4000].std(axis=0)
x = ((measured - mean) / deviation).astype(np.float32)
y = (100 * charge).astype(np.float32)  # percent
for name, centre, width in zip(FEATURES, mean, deviation, strict=True):
    print(f"{name:<16} ({name.split()[0]} - {centre:.5g}) / {width:.5g}")

# ---- the network and its training ----
keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        keras.Input((len(FEATURES),), name="measured"),
        layers.Dense(24, activation="relu"),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    ],
    name="battery",
)
model.compile(keras.optimizers.Adam(5e-3), "mse", metrics=["mae"])
model.fit(x[:4000], y[:4000], batch_size=32, epochs=options.epochs, validation_split=0.1, verbose=2)

# ---- what make takes ----
options.out.mkdir(parents=True, exist_ok=True)
model.save(options.out / "battery.keras")
np.savez(
    options.out / "battery.npz",
    x_train=x[:4000],
    y_train=y[:4000],
    x_test=x[4000:],
    y_test=y[4000:],
    source=np.array("a lithium cell made by examples/battery.py"),
)
print(f"make KERAS={options.out}/battery.keras DATA={options.out}/battery.npz")
