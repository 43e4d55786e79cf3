"""PTQ and QAT side by side, layer by layer, and how many images PTQ needs."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from contract.flatbuffer import Model
from quantize import artefacts, ptq, qat, stage, tflm
from quantize.artefacts import share_right
from quantize.dataset import Dataset, draw_balanced
from quantize.naming import operator_names
from quantize.network import Network
from quantize.noise import LayerNoise, layer_noise

REPRESENTATIVE = 500  # what python -m quantize draws by default
SIZES = (50, 100, 500, 1000)
SEEDS = (0, 1, 2)
NOISE_IMAGES = 200


@dataclass(frozen=True)
class Method:
    """One network on the validation and the test images; accuracies are shares of right answers, 0 to 1."""

    method: str  # float, ptq, float fine-tuned (what QAT trained, before it was rounded), qat
    validation_accuracy: float
    test_accuracy: float
    flatbuffer_bytes: int | None = None  # None for a float network, as are the others
    seconds: float | None = None  # of quantising, training included
    layers: tuple[LayerNoise, ...] | None = None  # against the float network that was rounded


@dataclass(frozen=True)
class Draw:
    """PTQ with one representative dataset."""

    images: int
    seed: int
    validation_accuracy: float
    test_accuracy: float


@dataclass(frozen=True)
class Comparison:
    """quantization.json."""

    model: str
    validation_images: int
    test_images: int
    methods: tuple[Method, ...]
    representative: tuple[Draw, ...]
    chosen: str  # ptq or qat: the better on validation images; of equals PTQ, which needs no training


def compare(
    network: Network,
    data: Dataset,
    name: str,
    sizes: tuple[int, ...] = SIZES,
    seeds: tuple[int, ...] = SEEDS,
) -> Comparison:
    """Quantise `network` by both methods, and by PTQ with every size and seed of representative dataset."""
    drawn = draw_balanced(data.y_train, REPRESENTATIVE, 0)
    started = time.perf_counter()
    flatbuffer = ptq.converted(network.single, data.x_train[drawn])
    after = _int8("ptq", network, flatbuffer, data, time.perf_counter() - started)
    started = time.perf_counter()
    tuned = qat.fine_tuned(network, data, drawn, seed=0)
    aware = _int8("qat", tuned.network, tuned.flatbuffer, data, time.perf_counter() - started)
    return Comparison(
        model=name,
        validation_images=len(data.x_validation),
        test_images=len(data.x_test),
        methods=(
            Method("float", *_float_accuracies(network, data)),
            after,
            Method("float fine-tuned", *_float_accuracies(tuned.network, data)),
            aware,
        ),
        representative=tuple(_draw(network, data, size, seed) for size in sizes for seed in seeds),
        chosen="qat" if aware.validation_accuracy > after.validation_accuracy else "ptq",
    )


def _int8(method: str, network: Network, flatbuffer: bytes, data: Dataset, seconds: float) -> Method:
    whole, model = stage.checked_and_slim(flatbuffer, data.x_validation)
    names = operator_names(whole, network.layers)
    return Method(
        method,
        *_int8_accuracies(model, data, method.upper()),
        flatbuffer_bytes=len(model.data),
        seconds=seconds,
        layers=tuple(layer_noise(network, model, names, data.x_validation[:NOISE_IMAGES])),
    )


def _draw(network: Network, data: Dataset, size: int, seed: int) -> Draw:
    drawn = draw_balanced(data.y_train, size, seed)
    flatbuffer = ptq.converted(network.single, data.x_train[drawn])
    model = stage.checked_and_slim(flatbuffer, data.x_validation)[1]
    return Draw(len(drawn), seed, *_int8_accuracies(model, data, f"PTQ, {size} images, draw {seed}"))


def _float_accuracies(network: Network, data: Dataset) -> tuple[float, float]:
    """On the validation and on the test images, as the next one."""
    return (
        share_right(network.predict(data.x_validation), data.y_validation),
        share_right(network.predict(data.x_test), data.y_test),
    )


def _int8_accuracies(model: Model, data: Dataset, what: str) -> tuple[float, float]:
    """By TensorFlow Lite Micro, with a progress bar called `what` on stderr."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=len(data.x_validation) + len(data.x_test))

        def share(images: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
            inputs = artefacts.quantised(images, model.input)
            answers = tflm.outputs(model, inputs, lambda count: progress.advance(task, count))
            return share_right(answers, labels)

        return share(data.x_validation, data.y_validation), share(data.x_test, data.y_test)
