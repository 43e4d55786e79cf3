"""The numbers of the report: intervals, confusion matrices, and the images worth looking at."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959964  # the normal distribution's two-sided 95 % point


@dataclass(frozen=True)
class Share:
    """`right` of `images`, with the 95 % interval of the share behind it. All shares are 0 to 1."""

    right: int
    images: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.right / self.images


def share(right: int, images: int) -> Share:
    """The share right / images with its Wilson score interval, which holds near 100 % too (Wilson 1927)."""
    p, z2 = right / images, Z_95**2
    centre = (p + z2 / (2 * images)) / (1 + z2 / images)
    spread = Z_95 / (1 + z2 / images) * math.sqrt(p * (1 - p) / images + z2 / (4 * images**2))
    # At 0 and at 1 the share is an end of its interval; rounding must not put it outside.
    return Share(right, images, max(0.0, min(p, centre - spread)), min(1.0, max(p, centre + spread)))


def confusion(labels: NDArray[np.int64], answers: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Counts (classes, classes): row is the label, column the answer."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, answers), 1)
    return counts


def confident_mistakes(labels: NDArray[np.int64], device: NDArray[np.float32], most: int) -> NDArray[np.intp]:
    """Positions of the device's wrong answers, the surest first, at most `most`."""
    wrong = np.flatnonzero(device.argmax(axis=1) != labels)
    return wrong[np.argsort(-device[wrong].max(axis=1), kind="stable")][:most]
