"""Whether the float model was trained on the data as it is given, or on another scale of it: measured."""

from collections.abc import Iterator

import numpy as np

from contract.scores import scores
from quantize.dataset import Dataset, Samples, draw
from quantize.network import Network

IMAGES = 300
FACTORS = {255.0: "times 255 (0 to 255)", 1 / 255.0: "divided by 255 (0 to 1)"}
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
