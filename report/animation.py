"""The frames of the animation: a test image going over the line, and the board's answer coming back."""

import io

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from numpy.typing import NDArray
from PIL import Image

from report.charts import BLUE, GREY, ORANGE, PALE, pixels
from report.gather import Results

SIZE_INCHES, DPI = (7.6, 3.0), 100
SENDING_STEPS = 3  # frames in which the image fills up while its bytes go out
SENDING_MS, ANSWER_MS, LAST_MS = 70, 650, 1800


def frames(results: Results, chosen: list[int]) -> tuple[list[Image.Image], list[int]]:
    """Frames and how long each stands, in milliseconds, for the images at the positions `chosen`."""
    pictures: list[Image.Image] = []
    durations: list[int] = []
    for position in chosen:
        for step in range(1, SENDING_STEPS + 1):
            pictures.append(_frame(results, position, sent=step / (SENDING_STEPS + 1)))
            durations.append(SENDING_MS)
        pictures.append(_frame(results, position, sent=None))
        durations.append(ANSWER_MS)
    durations[-1] = LAST_MS
    # One palette for all frames, from one that sends and one that answers.
    both = Image.new("RGB", (pictures[0].width, 2 * pictures[0].height))
    both.paste(pictures[0], (0, 0))
    both.paste(pictures[SENDING_STEPS], (0, pictures[0].height))
    palette = both.quantize(colors=64)
    return [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures], durations


def _frame(results: Results, position: int, sent: float | None) -> Image.Image:
    """One frame: `sent` is how much of the image is on the board, None once the answer is there."""
    image = pixels(results.images[position].squeeze())
    if sent is not None:
        image[round(len(image) * sent) :] = 0 if image.ndim == 2 else 1  # white
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI)
    _picture(figure, image, int(results.answers.index[position]))
    _line(figure, results, sent)
    _bars(figure, results, position, answered=sent is None)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


def _picture(figure: Figure, image: NDArray[np.float64], number: int) -> None:
    axes = figure.add_axes((0.03, 0.14, 0.27, 0.68))
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    figure.text(0.03, 0.9, f"test image {number:,}", fontsize=11)


def _line(figure: Figure, results: Results, sent: float | None) -> None:
    """The arrow between host and board, with what is travelling."""
    incoming = sent is None
    ends = ((0.47, 0.42), (0.34, 0.42)) if incoming else ((0.34, 0.55), (0.47, 0.55))
    colour = ORANGE if incoming else BLUE
    figure.add_artist(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=18, color=colour, linewidth=2))
    size = results.images[0].nbytes if not incoming else results.answers.outputs[0].nbytes
    figure.text(0.405, 0.31 if incoming else 0.62, f"{size} bytes", ha="center", fontsize=10, color=colour)
    runs = f"{results.validation.board}, {results.validation.engine}"
    figure.text(0.405, 0.9, runs, ha="center", fontsize=10, color=GREY)


def _bars(figure: Figure, results: Results, position: int, answered: bool) -> None:
    output = results.outputs[0]
    classes, device = output.task.classes, output.distributions[0]
    axes = figure.add_axes((0.58, 0.14, 0.27, 0.72))
    probabilities = device[position] if answered else np.zeros(len(classes))
    best = int(device[position].argmax())
    colours = [ORANGE if answered and number == best else PALE for number in range(len(classes))]
    axes.barh(range(len(classes)), probabilities, color=colours)
    axes.set_yticks(range(len(classes)), classes, fontsize=9)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"], fontsize=8)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    if not answered:
        return
    figure.text(
        0.92, 0.48, classes[best], ha="center", va="center", fontsize=34 if len(classes[best]) < 3 else 13
    )
    if output.targets is not None and best != output.targets[position]:
        label = classes[int(output.targets[position])]
        figure.text(0.92, 0.28, f"wrong:\nlabel {label}", ha="center", va="center", fontsize=9, color=GREY)
