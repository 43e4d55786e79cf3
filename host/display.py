"""What the user sees: progress while images stream, and the table at the end."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from contract.boards import board as read_board
from contract.manifest import Manifest
from contract.scores import LOSSLESS_DB, Fidelity, score_text
from contract.validation import Validation

LINE_SECONDS = 5.0  # between lines of progress where there is no terminal
BAR_SECONDS = 0.1  # between two updates of the bar


@contextmanager
def progress(images: int) -> Iterator[Callable[[int, int], None]]:
    """Show on stderr how far it is: call what this gives with the images answered and the retries so far."""
    if sys.stderr.isatty():
        with _bar(images) as show:
            yield show
    else:
        yield _lines(images)


@contextmanager
def _bar(images: int) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("images"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    start = last = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=images)

        def show(answered: int, retries: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= BAR_SECONDS or answered == images:
                last = now
                bar.update(task, completed=answered, description=_rate(answered, retries, now - start))

        yield show


def _lines(images: int) -> Callable[[int, int], None]:
    start = last = time.monotonic()

    def show(answered: int, retries: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LINE_SECONDS:
            last = now
            rate = _rate(answered, retries, now - start)
            print(f"{answered:,} of {images:,} images, {rate}", file=sys.stderr)

    return show


def _rate(answered: int, retries: int, seconds: float) -> str:
    rate = f"{answered / max(seconds, 1e-3):,.0f}/s"
    return rate + (f", {retries:,} retries" if retries else "")


def show_validation(validation: Validation, manifest: Manifest) -> None:
    """Print the table on stdout."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for name, text in table_rows(validation, manifest):
        console.print(Text.assemble((f"{name:8}", "bold"), text), soft_wrap=True)


def table_rows(validation: Validation, manifest: Manifest) -> list[tuple[str, str]]:
    """The table's rows: a name and what there is to say."""
    first = validation.outputs[0]
    images = [
        f"{validation.images:,}",
        f"right {_percent(validation.device_accuracy)}" if validation.device_accuracy is not None else "",
        "" if any(one.board for one in validation.outputs) else "no labels",
        f"equal to the reference, byte for byte: {validation.bit_exact:,}",
    ]
    if validation.mismatches:
        images.append(f"different: {validation.mismatches:,}")
    if validation.retries:
        images.append(f"retries: {validation.retries:,}")
    accuracies = (
        f"float {_percent(validation.float_accuracy)}   int8 {_percent(validation.int8_accuracy)}   "
        if "accuracy" in first.board or not any(one.board for one in validation.outputs)
        else ""
    )
    rows = [
        ("model", f"{accuracies}{manifest.model} {manifest.flatbuffer_bytes:,} B"),
        ("board", f"{read_board(validation.board).full_title}   engine {validation.engine}"),
        ("images", "   ".join(text for text in images if text)),
        *_output_rows(validation),
        ("speed", f"{_inference(validation)}   {validation.images_per_second:,.0f} images/s over the line"),
        (
            "size",
            f"flash {_bytes(validation.flash_bytes)} (model {_bytes(validation.model_bytes)})   "
            f"RAM {_bytes(validation.ram_bytes)}"
            if validation.flash_bytes is not None
            else "not measured on this board",
        ),
    ]
    rows += [("note", note) for note in validation.notes]
    if validation.noise:
        rows.append(("noise", validation.noise))
    return rows


def _output_rows(validation: Validation) -> Iterator[tuple[str, str]]:
    """For each output its scores, where no row before has told them, and how near the float model is."""
    several = len(validation.outputs) > 1
    for result in validation.outputs:
        name = f"{result.name}: " if several else ""
        if result.board and (several or "accuracy" not in result.board):
            yield (
                "score",
                f"{name}board {score_text(result.board)}"
                + "".join(
                    f"   {model} {score_text(scores)}"
                    for model, scores in (("int8", result.int8_model), ("float", result.float_model))
                    if scores
                ),
            )
        if result.fidelity is not None:
            yield "float", f"{name}{fidelity_text(result.fidelity)}"


def fidelity_text(near: Fidelity) -> str:
    """How near the board is to the float model, for people."""
    ratio = "no error" if near.snr_db == LOSSLESS_DB else f"SNR {near.snr_db:.1f} dB"
    return (
        f"board against float model: RMSE {near.rmse:.4g}  MAE {near.mae:.4g}  largest {near.largest:.4g}  "
        f"cosine {near.cosine:.5f}  {ratio}"
    )


def _inference(validation: Validation) -> str:
    ticks = validation.median_ticks
    if validation.tick_unit == "cycle":
        milliseconds = 1e3 * ticks / validation.tick_hz
        return f"{ticks:,.0f} cycles an inference ({milliseconds:.2f} ms at {validation.tick_hz / 1e6:g} MHz)"
    if validation.tick_unit == "nanosecond":
        return f"{ticks:,.0f} ns an inference"
    return f"{ticks:,.0f} {validation.tick_unit}s an inference"


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{100 * share:.2f} %"


def _bytes(count: int | None) -> str:
    return "not measured" if count is None else f"{count:,} B"
