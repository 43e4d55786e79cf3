"""python -m quantize.qat_training FOLDER: fine-tune a network with quantisation in the loop, and convert it.

tensorflow-model-optimization works on legacy Keras (tf-keras) alone, and a process has one Keras. So
`quantize.qat` starts this in a process of its own, with TF_USE_LEGACY_KERAS=1, and leaves in FOLDER what is
needed: network.json (layers and settings), weights.npz and images.npz. It adds model.tflite, and the
fine-tuned weights as tuned.npz.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract import cli
from contract.errors import UserError
from quantize.capture import captured_output
from quantize.ptq import full_integer

BATCH = 128
RANGE_VARIABLES = ("output", "post_activation", "pre_activation")  # of a wrapped layer's fake quantisation


def main(arguments: list[str]) -> int:
    if os.environ.get("TF_USE_LEGACY_KERAS") != "1":
        raise UserError("this is a part of python -m quantize --method qat; run that")
    with captured_output():
        import tensorflow as tf
        import tensorflow_model_optimization as tfmot
        import tf_keras

    folder = Path(arguments[0])
    description = json.loads((folder / "network.json").read_text(encoding="utf-8"))
    settings = description["settings"]
    weights, images = _arrays(folder / "weights.npz"), _arrays(folder / "images.npz")

    tf_keras.utils.set_random_seed(settings["seed"])
    plain = rebuilt(description, None)
    plain.set_weights(list(weights.values()))
    aware = tfmot.quantization.keras.quantize_model(plain)
    set_ranges(plain, aware, images["representative"])
    fine_tune(aware, images, settings)

    single = tfmot.quantization.keras.quantize_model(rebuilt(description, 1))
    single.set_weights(aware.get_weights())
    flatbuffer = full_integer(tf.lite.TFLiteConverter.from_keras_model(single))
    (folder / "model.tflite").write_bytes(flatbuffer)
    tuned = {variable.name: variable.numpy() for variable in aware.weights}
    np.savez(folder / "tuned.npz", *[tuned[variable.name] for variable in plain.weights])
    return 0


def rebuilt(description: dict[str, Any], batch_size: int | None) -> Any:
    """The network in tf-keras, with fresh weights."""
    import tf_keras

    network = tf_keras.Sequential(name="network")
    network.add(tf_keras.layers.InputLayer(description["input_shape"], batch_size=batch_size, name="image"))
    for layer in description["layers"]:
        network.add(getattr(tf_keras.layers, layer["class"])(**layer["config"]))
    return network


def set_ranges(plain: Any, aware: Any, images: NDArray[np.float32]) -> None:
    """Start each activation's fake quantisation with the range that `images` reach in the float network.

    Left alone they start at -6 to 6 and follow the activations by a moving average so slow (0.999 a step)
    that a short training ends with ranges several times too wide.
    """
    import tf_keras

    def assign(variables: list[Any], kind: str, values: Any) -> None:
        for variable in variables:
            if variable.name.endswith(f"{kind}_min:0"):
                variable.assign(min(0.0, float(np.min(values))))
            elif variable.name.endswith(f"{kind}_max:0"):
                variable.assign(max(0.0, float(np.max(values))))

    assign(aware.layers[0].weights, "quantize_layer", images)
    wrappers = {wrapper.layer.name: wrapper for wrapper in aware.layers if hasattr(wrapper, "layer")}
    values = images
    for layer in plain.layers:
        variables = wrappers[layer.name].weights
        given, values = values, np.asarray(layer(values, training=False))
        for kind in RANGE_VARIABLES:
            assign(variables, kind, values)
        if any("pre_activation" in variable.name for variable in variables):
            activation, layer.activation = layer.activation, tf_keras.activations.linear
            assign(variables, "pre_activation", np.asarray(layer(given, training=False)))
            layer.activation = activation


def fine_tune(aware: Any, images: dict[str, NDArray[Any]], settings: dict[str, Any]) -> None:
    """Train on `images` (x_train, y_train) at a rate that falls along half a cosine; one line an epoch."""
    import tf_keras

    steps = settings["epochs"] * -(-len(images["x_train"]) // BATCH)
    rate = tf_keras.optimizers.schedules.CosineDecay(settings["learning_rate"], steps)
    aware.compile(
        optimizer=tf_keras.optimizers.Adam(rate),
        loss=tf_keras.losses.SparseCategoricalCrossentropy(from_logits=not settings["probabilities"]),
        metrics=["accuracy"],
    )
    for epoch in range(settings["epochs"]):
        started = time.perf_counter()
        history = aware.fit(images["x_train"], images["y_train"], batch_size=BATCH, verbose=0).history
        print(
            f"epoch {epoch + 1:>3}/{settings['epochs']}   loss {history['loss'][0]:.4f}   "
            f"accuracy {history['accuracy'][0]:.2%}   {time.perf_counter() - started:.1f} s",
            flush=True,
        )


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


if __name__ == "__main__":
    cli.run(main)
