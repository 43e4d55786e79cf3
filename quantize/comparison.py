"""PTQ and QAT side by side, layer by layer, and how many images PTQ needs."""

import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from contract.graph import Model
from contract.quantization import Comparison, Draw, Method
from contract.scores import right
from contract.task import CLASSIFICATION, Task
from quantize import artefacts, ptq, qat, stage, tflm
from quantize.dataset import Dataset, Samples, draw
from quantize.naming import operator_names
from quantize.network import Network
from quantize.noise import layer_noise

REPRESENTATIVE = 500  # what python -m quantize draws by default
SIZES = (50, 100, 500, 1000)
SEEDS = (0, 1, 2)
NOISE_IMAGES = 200


def compare(
    network: Network,
    data: Dataset,
    name: str,
    sizes: tuple[int, ...] = SIZES,
    seeds: tuple[int, ...] = SEEDS,
) -> Comparison:
    """Quantise `network` by both methods, and by PTQ with every size and seed of representative dataset."""
    drawn = draw(data.train, data.tasks, REPRESENTATIVE, 0)
    started = time.perf_counter()
    flatbuffer = ptq.converted(network.single, data.train.of(drawn).inputs)
    after, right_after = _int8("ptq", network, flatbuffer, data, time.perf_counter() - started)
    started = time.perf_counter()
    tuned = qat.fine_tuned(network, data, drawn, seed=0)
    aware, right_aware = _int8("qat", tuned.network, tuned.flatbuffer, data, time.perf_counter() - started)
    gained, lost = int(np.sum(right_aware & ~right_after)), int(np.sum(right_after & ~right_aware))
    return Comparison(
        model=name,
        validation_images=len(data.validation),
        test_images=len(data.test),
        methods=(
            Method("float", *_float_accuracies(network, data)),
            after,
            Method("float fine-tuned", *_float_accuracies(tuned.network, data)),
            aware,
        ),
        representative=tuple(_draw(network, data, size, seed) for size in sizes for seed in seeds),
        gained=gained,
        lost=lost,
        chosen=better(gained, lost),
    )


def better(gained: int, lost: int) -> str:
    """QAT where its lead on the validation images is more than chance, else PTQ, which needs no training.

    Were both equally good, each image on which they differ would fall to either side like a coin, and the
    lead, gained - lost, would have a standard deviation of sqrt(gained + lost). QAT must lead by two of them.
    """
    return "qat" if gained - lost > 2 * math.sqrt(gained + lost) else "ptq"


def _int8(
    method: str, network: Network, flatbuffer: bytes, data: Dataset, seconds: float
) -> tuple[Method, NDArray[np.bool_]]:
    """The int8 network measured, and which validation images it answers right."""
    whole, model = stage.checked_and_slim(flatbuffer, data.validation, "aot", network)
    names = operator_names(whole, network.layers)
    validation, test = _int8_right(model, data, method.upper())
    measured = Method(
        method,
        float(np.mean(validation)),
        float(np.mean(test)),
        flatbuffer_bytes=len(model.data),
        seconds=seconds,
        layers=tuple(layer_noise(network, model, names, data.validation.images[:NOISE_IMAGES])),
    )
    return measured, validation


def _draw(network: Network, data: Dataset, size: int, seed: int) -> Draw:
    drawn = draw(data.train, data.tasks, size, seed)
    flatbuffer = ptq.converted(network.single, data.train.of(drawn).inputs)
    model = stage.checked_and_slim(flatbuffer, data.validation, "aot", network)[1]
    validation, test = _int8_right(model, data, f"PTQ, {size} images, draw {seed}")
    return Draw(len(drawn), seed, float(np.mean(validation)), float(np.mean(test)))


def _float_accuracies(network: Network, data: Dataset) -> tuple[float, float]:
    """On the validation and on the test images."""
    return (
        float(np.mean(_right(network.predict(data.validation.images)[0], data.validation))),
        float(np.mean(_right(network.predict(data.test.images)[0], data.test))),
    )


def _int8_right(model: Model, data: Dataset, what: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which validation and test images TensorFlow Lite Micro answers right; `what` names the progress bar."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=len(data.validation) + len(data.test))

        def answered(samples: Samples) -> NDArray[np.bool_]:
            inputs = artefacts.model_inputs(samples.images, model.input)
            answers = tflm.outputs(model, inputs, lambda count: progress.advance(task, count))
            return _right(answers, samples)

        return answered(data.validation), answered(data.test)


def _right(outputs: NDArray[Any], samples: Samples) -> NDArray[np.bool_]:
    return right(Task(CLASSIFICATION), outputs, samples.labels)
