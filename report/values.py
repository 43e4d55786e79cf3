"""Pictures of outputs that are no choices: regressions, reconstructions, and whatever has no targets."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from contract.scores import reconstruction_errors
from report.charts import BLUE, DEVICE_COLOUR, FLOAT_COLOUR, GREY, PALE, draw_input, pixels

COLOURS = {"board": DEVICE_COLOUR, "float model": FLOAT_COLOUR}
MOST_POINTS = 4000  # of a scatter plot, taken evenly
SHOWN = 6  # reconstructions

Models = dict[str, NDArray[Any] | None]  # outputs (N, *shape) by who gave them; None: nobody


def against_targets(targets: NDArray[Any], models: Models) -> Figure:
    """A regression: each answer against its target, and how often it is off by how much."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    scatter, errors = figure.subplots(1, 2)
    few = _evenly(targets.size)
    for name, values in _given(models):
        x, y = targets.ravel(), values.ravel()
        scatter.plot(x[few], y[few], ".", color=COLOURS[name], markersize=3, label=name, alpha=0.6)
        errors.hist(
            y - x, bins=_bins(x.size), color=COLOURS[name], label=name, histtype="step", linewidth=1.5
        )
    _diagonal(scatter, targets)
    scatter.set(xlabel="target", ylabel="answer")
    errors.set(xlabel="answer less target", ylabel="answers")
    for axes in (scatter, errors):
        axes.grid(color=PALE, linewidth=0.5)
        axes.legend(fontsize=8)
    return figure


def errors_by_kind(targets: NDArray[Any], models: Models, anomalies: NDArray[np.int64] | None) -> Figure:
    """A reconstruction: its errors, those of anomalies apart, and the ROC curve that they give."""
    labelled = anomalies is not None and 0 < int(anomalies.sum()) < len(anomalies)
    figure = Figure(figsize=(9, 4 if labelled else 3.2), layout="constrained")
    panels = figure.subplots(1, 2 if labelled else 1, squeeze=False)[0]
    for name, values in _given(models):
        errors = reconstruction_errors(values, targets)
        kinds = (
            {"": slice(None)} if anomalies is None else {"normal": anomalies == 0, "anomaly": anomalies == 1}
        )
        for kind, chosen in kinds.items():
            if len(errors[chosen]):
                panels[0].hist(
                    errors[chosen],
                    bins=_bins(len(errors[chosen])),
                    histtype="step",
                    color=COLOURS[name],
                    linewidth=1.5,
                    linestyle="--" if kind == "anomaly" else "-",
                    label=f"{name} {kind}".strip(),
                )
        if labelled and anomalies is not None:
            order = anomalies[np.argsort(-errors, kind="stable")]
            found, false = np.cumsum(order) / order.sum(), np.cumsum(1 - order) / (1 - order).sum()
            panels[1].plot([0, *false], [0, *found], color=COLOURS[name], label=name)
    panels[0].set(xlabel="mean squared error of an input", ylabel="inputs")
    panels[0].legend(fontsize=8)
    if labelled:
        panels[1].plot([0, 1], [0, 1], ":", color=GREY)
        panels[1].set(xlabel="normal inputs called anomalies", ylabel="anomalies found")
        panels[1].legend(fontsize=8)
    return figure


def rebuilt(targets: NDArray[Any], models: Models) -> Figure:
    """Inputs over what was made of them: from the best reconstruction of the board to its worst."""
    rows = {"input": targets, **dict(_given(models))}
    board = models["board"]
    assert board is not None
    order = np.argsort(reconstruction_errors(board, targets), kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, min(SHOWN, len(order))).astype(int)]
    figure = Figure(figsize=(1.6 * len(chosen) + 0.6, 1.5 * len(rows)), layout="constrained")
    cells = figure.subplots(len(rows), len(chosen), squeeze=False)
    every = pixels(np.stack([values[chosen] for values in rows.values()]).astype(np.float64))
    for line, (name, pictures) in zip(cells, zip(rows, every, strict=True), strict=True):
        for axes, picture in zip(line, pictures, strict=True):
            draw_input(axes, picture)
        line[0].set_title(name, fontsize=8, loc="left")
    return figure


def board_against_float(device: NDArray[Any], exact: NDArray[Any]) -> Figure:
    """Each number of the board against the float model's, and the differences."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    scatter, errors = figure.subplots(1, 2)
    few = _evenly(exact.size)
    scatter.plot(exact.ravel()[few], device.ravel()[few], ".", color=BLUE, markersize=3, alpha=0.6)
    _diagonal(scatter, exact)
    scatter.set(xlabel="float model", ylabel="board")
    errors.hist((device - exact).ravel(), bins=_bins(device.size), color=BLUE)
    errors.set(xlabel="board less float model", ylabel="numbers")
    for axes in (scatter, errors):
        axes.grid(color=PALE, linewidth=0.5)
    return figure


def histogram(device: NDArray[Any]) -> Figure:
    """What numbers the board gives."""
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axes = figure.subplots()
    axes.hist(device.ravel(), bins=_bins(device.size), color=BLUE)
    axes.set(xlabel="output", ylabel="numbers")
    return figure


def _bins(count: int) -> int:
    """Of a histogram of so many numbers."""
    return int(np.clip(math.sqrt(count), 8, 60))


def _given(models: Models) -> list[tuple[str, NDArray[Any]]]:
    return [(name, values) for name, values in models.items() if values is not None]


def _evenly(count: int) -> NDArray[np.int64]:
    return np.linspace(0, count - 1, min(count, MOST_POINTS)).astype(np.int64)


def _diagonal(axes: Axes, values: NDArray[Any]) -> None:
    ends = [float(values.min()), float(values.max())]
    axes.plot(ends, ends, ":", color=GREY)
