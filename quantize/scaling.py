"""Whether the data is in a scale that suits the float model and its int8 input: measured."""

from collections.abc import Iterator

import numpy as np

from contract.graph import Model
from contract.scores import scores
from quantize.dataset import Dataset, Samples, draw
from quantize.network import Network
from quantize.ports import Ports, quantised_input

IMAGES = 300
FACTORS = {255.0: "times 255 (0 to 255)", 1 / 255.0: "divided by 255 (0 to 1)"}
LEAST_STEPS = 2  # by which a feature must vary (one standard deviation) to be told by an int8 input
GAIN = 0.2  # of the accuracy, 0 to 1, that speaks for another scale


def scale_notes(network: Network, data: Dataset) -> Iterator[str]:
    """A note where the model is right far more often on the training data in another scale."""
    some = data.train.of(draw(data.train, data.tasks, IMAGES, seed=0))
    as_given = _accuracy(network, data, some, 1.0)
    if as_given is None:
        return
    for factor, words in FACTORS.items():
        other = _accuracy(network, data, some, factor)
        if other is not None and other > as_given + GAIN:
            yield (
                f"the float model is right on {as_given:.0%} of the training data, and on {other:.0%} of the "
                f"same {words}: give x_train and x_test in the scale that the model was trained on (uint8 "
                "arrays are divided by 255, float arrays are taken as they are)"
            )


def resolution_notes(model: Model, ports: Ports, samples: Samples) -> Iterator[str]:
    """A note for each input of which some features vary by hardly a step: an int8 input has one scale for
    all of them."""
    for index, port, values in zip(model.inputs, ports.inputs, samples.inputs, strict=True):
        step, _ = quantised_input(model, model.tensors[index]).scale_and_zero_point
        if not step or not port.shape:
            continue
        deviations = values.reshape(-1, port.shape[-1]).std(axis=0)
        lost = np.flatnonzero((deviations > 0) & (deviations < LEAST_STEPS * step))
        if len(lost):
            yield (
                f"a step of the int8 input {port.name} is {step:.3g}, one for all its features, and "
                f"{len(lost)} of {port.shape[-1]} vary by less than {LEAST_STEPS} steps (feature {lost[0]} "
                f"by {deviations[lost[0]]:.3g}): they are lost; normalise the features before the model, not "
                "in it, as examples/battery.py does"
            )


def _accuracy(network: Network, data: Dataset, samples: Samples, factor: float) -> float | None:
    """The share of right answers of the first output that has any."""
    for place, (task, targets) in enumerate(zip(data.tasks, samples.targets, strict=True)):
        if task.has_answers:
            inputs = [
                one if port.rows is not None else (factor * one).astype(np.float32)
                for one, port in zip(samples.inputs, network.ports.inputs, strict=True)
            ]
            return scores(task, network.predict(*inputs)[place], targets)["accuracy"]
    return None
