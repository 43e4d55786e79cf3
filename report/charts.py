"""The report's pictures, one function each, in Okabe and Ito's colours, which all eyes can tell apart."""

import io
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from contract.history import History
from contract.layer_map import LayerMap
from contract.profile import Profiled
from report.statistics import Share

matplotlib.use("Agg")

BLUE, ORANGE, GREEN, GREY, PALE = "#0072B2", "#E69F00", "#009E73", "#666666", "#DDDDDD"
FLOAT_COLOUR, DEVICE_COLOUR = BLUE, ORANGE
DPI = 110
MOST_BARS = 12  # classes whose bars have room beside an input
MOST_LINES = 8  # channels drawn of an input that is no image
SMALLEST_IMAGE = 12  # rows and columns from which an input of two axes is drawn as an image


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def training_curves(history: History) -> Figure:
    """Loss and accuracy by epoch, on training and validation images; the kept epoch is marked."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    epochs = history.epochs
    numbers = np.arange(1, len(epochs.loss) + 1)
    for axes, name, scale in zip(figure.subplots(1, 2), ("loss", "accuracy"), (1, 100), strict=True):
        axes.plot(numbers, np.array(getattr(epochs, name)) * scale, color=BLUE, label="training")
        axes.plot(
            numbers, np.array(getattr(epochs, f"val_{name}")) * scale, "--", color=ORANGE, label="validation"
        )
        axes.axvline(history.kept_epoch, color=GREY, linewidth=0.8, linestyle=":", label="kept weights")
        axes.set(xlabel="epoch", ylabel=name + (" (%)" if scale == 100 else ""))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(color=PALE, linewidth=0.5)
        axes.legend()
    return figure


def validation_curves(histories: list[History]) -> Figure:
    """Loss and errors by epoch of several runs: on the training images as they are trained on, and on the
    validation images."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for run, history in enumerate(histories):
            numbers = np.arange(1, len(history.epochs.loss) + 1)
            for prefix, colour, what in (("", BLUE, "training"), ("val_", ORANGE, "validation")):
                values = np.array(getattr(history.epochs, prefix + name))
                shown = values if name == "loss" else 100 * (1 - values)
                axes.plot(numbers, shown, color=colour, linewidth=0.9, alpha=0.7, label=None if run else what)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
        axes.set(xlabel="epoch", ylabel=name if name == "loss" else "wrong answers (%)")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(color=PALE, linewidth=0.5, which="both")
        axes.legend()
    return figure


def accuracies_by_dead_units(runs: list[tuple[float, int]], published: float | None) -> Figure:
    """Test accuracies of one recipe with several seeds, in a row for each number of dead units; an accuracy
    that was published is marked."""
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axes = figure.subplots()
    most = max(dead for _, dead in runs)
    for dead in range(most + 1):
        found = [100 * accuracy for accuracy, units in runs if units == dead]
        axes.plot(found, [dead] * len(found), "o", color=BLUE, alpha=0.6, markersize=7)
        if found:
            axes.plot([sum(found) / len(found)] * 2, [dead - 0.3, dead + 0.3], color=ORANGE, linewidth=2)
    if published is not None:
        axes.axvline(100 * published, color=GREY, linestyle=":")
        axes.annotate(f"published {published:.2%}", (100 * published, most + 0.45), ha="right", fontsize=8)
    axes.set_yticks(range(most + 1))
    axes.set_ylim(-0.5, most + 0.8)
    axes.set(xlabel="right answers on the test images (%)", ylabel="dead units of dense_1")
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    return figure


def accuracies(shares: dict[str, Share]) -> Figure:
    """Each accuracy in percent with its 95 % interval."""
    figure = Figure(figsize=(9, 0.6 + 0.45 * len(shares)), layout="constrained")
    axes = figure.subplots()
    for row, share in enumerate(reversed(shares.values())):
        low, high = (share.value - share.low) * 100, (share.high - share.value) * 100
        axes.errorbar(share.value * 100, row, xerr=[[low], [high]], fmt="o", color=BLUE, capsize=5)
        axes.annotate(
            f"{share.value:.2%}", (share.value * 100, row), (0, 7), textcoords="offset points", ha="center"
        )
    axes.set_yticks(range(len(shares)), list(reversed(shares)))
    axes.set_ylim(-0.5, len(shares) - 0.3)
    axes.set_xlabel("right answers (%), with the 95 % interval")
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    return figure


def confusions(
    float_counts: NDArray[np.int64] | None, device: NDArray[np.int64], classes: list[str]
) -> Figure:
    """Confusion matrices of float model and board, and their difference. Right answers are not coloured."""
    panels = [("board", device)]
    if float_counts is not None:
        panels = [("float model", float_counts), *panels, ("board less float model", device - float_counts)]
    size = max(3.6, 0.36 * len(classes))
    figure = Figure(figsize=((size + 0.9) * len(panels), size + 1.1), layout="constrained")
    for axes, (title, counts) in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True):
        _matrix(axes, title, counts, classes, signed=title.startswith("board less"))
    return figure


def _matrix(axes: Axes, title: str, counts: NDArray[np.int64], classes: list[str], signed: bool) -> None:
    shown = counts.astype(float)
    if not signed:
        np.fill_diagonal(shown, 0)  # thousands of right answers would hide the mistakes
    limit = max(1.0, float(np.abs(shown).max()))
    axes.imshow(shown, cmap="PuOr" if signed else "Blues", vmin=-limit if signed else 0, vmax=limit)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = abs(shown[row, column]) > 0.6 * limit
            text = f"{count:+d}" if signed else str(count)
            axes.text(
                column, row, text, ha="center", va="center", fontsize=7, color="white" if dark else "black"
            )
    upright = max(len(name) for name in classes) > 2
    axes.set_xticks(range(len(classes)), classes, rotation=90 if upright else 0, fontsize=8)
    axes.set_yticks(range(len(classes)), classes, fontsize=8)
    axes.set(title=title, xlabel="answer", ylabel="label")


def pixels(images: NDArray[Any]) -> NDArray[np.float64]:
    """One image or more, of any type, as 0 to 1 from their lowest value to their highest one."""
    real: NDArray[np.float64] = images.astype(np.float64)
    low, high = float(real.min()), float(real.max())
    return (real - low) / ((high - low) or 1)


def draw_input(axes: Axes, shown: NDArray[np.float64]) -> None:
    """One input, 0 to 1: as an image where it is one, else as lines over its first axis, one a channel."""
    shown = np.atleast_1d(shown)
    shape = [length for length in shown.shape if length > 1] or [1]
    axes.axis("off")
    if shown.ndim == 3 and len(shape) >= 2 and shown.shape[-1] in (1, 3):
        axes.imshow(shown.squeeze(), cmap="gray_r", vmin=0, vmax=1)
    elif shown.ndim == 2 and min(shown.shape) >= SMALLEST_IMAGE and max(shown.shape) <= 4 * min(shown.shape):
        axes.imshow(shown, cmap="gray_r", vmin=0, vmax=1)
    else:
        lines = shown.reshape(shown.shape[0], -1) if shown.ndim > 1 else shown[:, np.newaxis]
        axes.plot(lines[:, :MOST_LINES], linewidth=0.8, marker="." if len(lines) < 30 else "")
        axes.set_ylim(-0.05, 1.05)


def answers(
    images: NDArray[Any],
    titles: list[str],
    device: NDArray[np.float32],
    float_predictions: NDArray[np.float32] | None,
    classes: list[str],
    columns: int = 4,
) -> Figure:
    """Inputs beside the distributions that the board, and the float model, gave for them."""
    probabilities = float(device.min()) >= 0 and float(device.max()) <= 1
    shown, count = pixels(images), len(classes)
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(3.1 * columns, 2.0 * rows + 0.5), layout="constrained")
    cells = figure.subplots(rows, 2 * columns, squeeze=False, width_ratios=[1, 1.3] * columns).reshape(-1, 2)
    for picture, bars in cells[len(images) :]:
        picture.axis("off")
        bars.axis("off")
    for (picture, bars), image, title, board, number in zip(
        cells, shown, titles, device, range(len(images)), strict=False
    ):
        draw_input(picture, image)
        picture.set_title(title, fontsize=7, loc="left")
        top = (
            np.sort(np.argsort(-board, kind="stable")[:MOST_BARS]) if count > MOST_BARS else np.arange(count)
        )
        places = np.arange(len(top))
        bars.barh(places - 0.2, board[top], 0.4, color=DEVICE_COLOUR, label="board")
        if float_predictions is not None:
            floats = float_predictions[number][top]
            bars.barh(places + 0.2, floats, 0.4, color=FLOAT_COLOUR, label="float model")
        bars.set_yticks(places, [classes[place] for place in top], fontsize=6)
        if probabilities:
            bars.set_xlim(0, 1)
            bars.set_xticks([0, 0.5, 1], ["0", "", "1"], fontsize=6)
        bars.tick_params(axis="x", labelsize=6)
        bars.invert_yaxis()
    handles, names = cells[0][1].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=2, fontsize=8)
    return figure


def latency(ticks: NDArray[np.uint32], unit: str) -> Figure:
    """How many images took how many ticks, the median marked."""
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axes = figure.subplots()
    median = float(np.median(ticks))
    spread = max(1, int(ticks.max()) - int(ticks.min()))
    axes.hist(ticks, bins=min(60, spread + 1), color=BLUE)
    axes.axvline(median, color=ORANGE, label=f"median {median:,.0f}")
    axes.set(xlabel=f"{unit}s an inference", ylabel="images")
    axes.ticklabel_format(style="plain", useOffset=False)
    axes.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    axes.legend()
    return figure


def memory(parts: dict[str, list[tuple[str, int]]], capacity: dict[str, int]) -> Figure:
    """Flash and RAM: a thin bar of the board's whole memory, and below it the used part in pieces."""
    figure = Figure(figsize=(9, 1.7 * len(parts)), layout="constrained")
    rows = figure.subplots(2 * len(parts), 1, height_ratios=[1, 2] * len(parts)).reshape(-1, 2)
    for (whole, pieces_axes), (name, pieces) in zip(rows, parts.items(), strict=True):
        used, left = sum(size for _, size in pieces), 0
        whole.barh(0, capacity[name], color=PALE)
        whole.barh(0, used, color=BLUE)
        whole.set_xlim(0, capacity[name])
        whole.set_title(
            f"{name}: {used:,} of the board's {capacity[name]:,} bytes ({used / capacity[name]:.1%})",
            fontsize=9, loc="left",
        )  # fmt: skip
        whole.axis("off")
        for (piece, size), colour in zip(pieces, (BLUE, ORANGE, GREEN), strict=False):
            pieces_axes.barh(0, size, left=left, color=colour, label=f"{piece} {size:,}")
            left += size
        pieces_axes.set_xlim(0, used)
        pieces_axes.set_yticks([])
        pieces_axes.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
        pieces_axes.tick_params(labelsize=7)
        pieces_axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def arena(layer_map: LayerMap) -> Figure:
    """The arena over an inference: each buffer as a box from when it is written to when it is read last."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.subplots()
    calls = len(layer_map.calls)
    colours = {"activation": BLUE, "scratch": ORANGE, "input": GREEN, "output": GREEN, "state": GREY}
    for buffer in layer_map.buffers:
        width = min(buffer.last, calls) + 1 - buffer.first
        axes.broken_barh(
            [(buffer.first, width)],
            (buffer.place, buffer.bytes),
            facecolor=colours[buffer.kind],
            edgecolor="white",
            linewidth=0.6,
            alpha=0.85,
        )
        name = buffer.name.removesuffix("_output").removesuffix("_scratch")
        # About the inches of the box, and of the name in it, lying or standing.
        across, up = 8 * width / (calls + 1), 3.4 * buffer.bytes / layer_map.arena_bytes
        long, high = 0.07 * len(name), 0.13
        lies = across > long and up > high
        if lies or (up > long and across > high):
            middle = (buffer.first + width / 2, buffer.place + buffer.bytes / 2)
            turned = 0 if lies else 90
            axes.text(*middle, name, ha="center", va="center", fontsize=7, color="white", rotation=turned)
    axes.set(xlim=(0, calls + 1), ylim=(0, layer_map.arena_bytes * 1.02), ylabel="place in the arena (bytes)")
    step = max(1, calls // 30)
    axes.set_xticks(
        [place + 0.5 for place in range(0, calls, step)],
        [call.layers[0] for call in layer_map.calls][::step],
        rotation=60,
        ha="right",
        fontsize=7,
    )
    kinds = [kind for kind in colours if any(buffer.kind == kind for buffer in layer_map.buffers)]
    axes.legend(
        handles=[Patch(color=colours[kind], label=kind) for kind in kinds],
        loc="upper right",
        fontsize=8,
        framealpha=0.9,
    )
    return figure


def layer_costs(profiled: Profiled) -> Figure:
    """What each layer costs, as bars, with what that is for each multiply-accumulate."""
    layers = profiled.layers
    figure = Figure(figsize=(9, 0.8 + 0.26 * len(layers)), layout="constrained")
    axes = figure.subplots()
    costs = [layer.cost for layer in layers]
    places = np.arange(len(layers))
    axes.barh(places, costs, color=[BLUE if layer.multiply_accumulates else GREY for layer in layers])
    for place, layer in zip(places, layers, strict=True):
        products = layer.multiply_accumulates
        each = f"   {layer.cost / products:.2f} a MAC" if products else ""
        axes.text(layer.cost, float(place), f" {layer.cost:,}{each}", va="center", fontsize=7)
    axes.set_yticks(places, [f"{layer.layer} ({layer.variant})" for layer in layers], fontsize=7)
    axes.invert_yaxis()
    estimated = any(layer.cycles_estimate is not None for layer in layers)
    unit = "estimated cycles" if estimated else f"{profiled.tick_unit}s"
    axes.set(xlabel=unit, xlim=(0, 1.3 * max(costs, default=1)))
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    axes.set_axisbelow(True)
    return figure
