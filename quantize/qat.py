"""Quantisation-aware training: the weights are fine-tuned while every tensor is rounded to int8 values."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import UserError
from contract.task import CLASSIFICATION
from quantize.dataset import Dataset
from quantize.network import Network

EPOCHS = 3
LEARNING_RATE = 2e-4  # at the start

# The layers that can be rebuilt in legacy Keras, and the settings that say what they compute.
LAYERS = {
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "dilation_rate", "activation", "use_bias"),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "Dense": ("units", "activation", "use_bias"),
    "Flatten": (),
    "Reshape": ("target_shape",),
    "Activation": ("activation",),
    "ReLU": ("max_value",),
    "Softmax": ("axis",),
    "Dropout": ("rate",),
    "BatchNormalization": ("axis", "momentum", "epsilon", "center", "scale"),
}


@dataclass(frozen=True)
class Tuned:
    """What training with quantisation in the loop gives."""

    flatbuffer: bytes  # as the converter writes it
    network: Network  # with the fine-tuned weights, before rounding


def fine_tuned(
    network: Network, data: Dataset, drawn: NDArray[np.int64], seed: int, epochs: int = EPOCHS
) -> Tuned:
    """Fine-tune `network` on the training images for `epochs`, and convert it.

    The ranges start from the training images `drawn`; `seed` orders the training, which prints a
    line an epoch. Dense weights are quantised per tensor. UserError for a network that is not a chain of the
    layers above.
    """
    _expect_classifier(network, data)
    layers = _chain(network)
    description = {
        "input_shape": network.ports.inputs[0].shape,
        "layers": layers,
        "settings": {
            "seed": seed,
            "epochs": epochs,
            "learning_rate": LEARNING_RATE,
            "probabilities": _ends_in_softmax(layers),
        },
    }
    with tempfile.TemporaryDirectory(prefix="thimble-qat-") as name:
        folder = Path(name)
        (folder / "network.json").write_text(json.dumps(description), encoding="utf-8")
        np.savez(folder / "weights.npz", *network.batched.get_weights())
        np.savez(
            folder / "images.npz",
            x_train=data.train.images,
            y_train=data.train.labels,
            representative=data.train.images[drawn],
        )
        command = [sys.executable, "-m", f"{__package__}.qat_training", str(folder)]
        environment = os.environ | {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        code = subprocess.run(command, env=environment, cwd=Path(__file__).parent.parent).returncode
        if code:
            raise UserError(
                "quantisation-aware training failed, see above; --method ptq does without it", code
            )
        with np.load(folder / "tuned.npz", allow_pickle=False) as arrays:
            weights = [arrays[name] for name in arrays.files]
        return Tuned((folder / "model.tflite").read_bytes(), network.with_weights(weights))


def _expect_classifier(network: Network, data: Dataset) -> None:
    kinds = [task.kind for task in data.tasks]
    if len(network.ports.inputs) > 1 or kinds != [CLASSIFICATION] or len(network.ports.outputs[0].shape) > 1:
        raise UserError(
            "--method qat trains classifiers of one input and one row of classes, this is "
            f"{', '.join(kinds)} with {len(network.ports.inputs)} inputs; use --method ptq"
        )


def _chain(network: Network) -> list[dict[str, Any]]:
    """Class and settings of each layer after the input. UserError where they are no chain of known layers."""
    layers: list[dict[str, Any]] = []
    reached = network.batched.inputs[0]
    for layer in network.batched.layers:
        kind = type(layer).__name__
        if kind == "InputLayer":
            continue
        name = network.layers[len(layers)]
        if kind not in LAYERS:
            raise UserError(
                f"layer {name} is a {kind}; --method qat knows {', '.join(LAYERS)}; use --method ptq"
            )
        if layer.input is not reached:
            raise UserError(
                f"layer {name} does not follow the layer before it; use --method ptq for branches"
            )
        config = layer.get_config()
        settings = {"name": layer.name} | {key: config[key] for key in LAYERS[kind]}
        layers.append({"class": kind, "config": settings})
        reached = layer.output
    return layers


def _ends_in_softmax(layers: list[dict[str, Any]]) -> bool:
    last = layers[-1]
    return "softmax" in (last["class"].lower(), last["config"].get("activation"))
