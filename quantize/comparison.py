"""PTQ and QAT side by side, layer by layer, and how many images PTQ needs."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from contract.flatbuffer import Model
from quantize import artefacts, ptq, qat, stage, tflm
from quantize.dataset import Dataset, draw_balanced
from quantize.naming import operator_names
from quantize.network import Network
from quantize.noise import LayerNoise, layer_noise

REPRESENTATIVE = 500  # what python -m quantize draws by default
SIZES = (50, 100, 500, 1000)
SEEDS = (0, 1, 2)
NOISE_IMAGES = 200


@dataclass(frozen=True)
class Score:
    """Shares of right answers, 0 to 1."""

    validation: float
    test: float


@dataclass(frozen=True)
class Method:
    """One way to quantise, measured."""

    method: str
    int8_model: Score
    float_model: Score  # the network that was rounded: for QAT the fine-tuned one
    flatbuffer_bytes: int
    seconds: float  # of quantising, training included
    layers: tuple[LayerNoise, ...]


@dataclass(frozen=True)
class Draw:
    """PTQ with one representative dataset."""

    images: int
    seed: int
    int8_model: Score


@dataclass(frozen=True)
class Comparison:
    """quantization.json."""

    model: str
    validation_images: int
    test_images: int
    methods: tuple[Method, ...]
    representative: tuple[Draw, ...]
    chosen: str  # the method with the better validation accuracy; PTQ, which needs no training, of equals


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
    trained_after = _measured("ptq", network, flatbuffer, data, time.perf_counter() - started)
    started = time.perf_counter()
    tuned = qat.fine_tuned(network, data, drawn, seed=0)
    aware = _measured("qat", tuned.network, tuned.flatbuffer, data, time.perf_counter() - started)
    draws = []
    for size in sizes:
        for seed in seeds:
            drawn = draw_balanced(data.y_train, size, seed)
            flatbuffer = ptq.converted(network.single, data.x_train[drawn])
            model = stage.checked_and_slim(flatbuffer, data.x_validation)[1]
            draws.append(Draw(len(drawn), seed, _score(model, data, f"PTQ with {size} images, draw {seed}")))
    return Comparison(
        model=name,
        validation_images=len(data.x_validation),
        test_images=len(data.x_test),
        methods=(trained_after, aware),
        representative=tuple(draws),
        chosen="qat" if aware.int8_model.validation > trained_after.int8_model.validation else "ptq",
    )


def _measured(method: str, network: Network, flatbuffer: bytes, data: Dataset, seconds: float) -> Method:
    whole, model = stage.checked_and_slim(flatbuffer, data.x_validation)
    names = operator_names(whole, network.layers)
    return Method(
        method=method,
        int8_model=_score(model, data, method.upper()),
        float_model=Score(
            _right(network.predict(data.x_validation), data.y_validation),
            _right(network.predict(data.x_test), data.y_test),
        ),
        flatbuffer_bytes=len(model.data),
        seconds=seconds,
        layers=tuple(layer_noise(network, model, names, data.x_validation[:NOISE_IMAGES])),
    )


def _score(model: Model, data: Dataset, what: str) -> Score:
    """The int8 model's accuracy on validation and test images, by TensorFlow Lite Micro."""
    shares = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=len(data.x_validation) + len(data.x_test))
        for images, labels in ((data.x_validation, data.y_validation), (data.x_test, data.y_test)):
            inputs = artefacts.quantised(images, model.input)
            answers = tflm.outputs(model, inputs, lambda count: progress.advance(task, count))
            shares.append(_right(answers, labels))
    return Score(*shares)


def _right(outputs: NDArray[Any], labels: NDArray[np.int64]) -> float:
    share = artefacts.share_right(outputs, labels)
    assert share is not None  # there are labels
    return share
