"""Turns results into report.json, PNG files and one self-contained index.html."""

import base64
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from contract.boards import board
from contract.files import replacing, write_bytes, write_text
from contract.scores import score_text
from contract.task import RECONSTRUCTION, REGRESSION, UNKNOWN
from report import charts, values
from report.gather import Output, Results

DISAGREEMENTS_A_PICTURE = 24
MOST_DISAGREEMENTS = 96  # shown in pictures; report.json has all

# The pictures below an output's scores.
DESCRIPTIONS = {
    "accuracy": "Accuracy of float model, reference and board with 95 % intervals",
    "regression": "Each answer against its target, and a histogram of the errors",
    "reconstruction": "Histogram of the errors of reconstruction and, with labels, the ROC curve",
    "rebuilt": "Inputs over their reconstructions, from the best to the worst",
    "fidelity": "Each number of the board against the float model's, and a histogram of the differences",
    "values": "Histogram of the board's answers",
}


def write_report(results: Results, folder: Path) -> Path:
    """Write index.html, report.json and the PNG files into `folder`; return the page's path."""
    pictures = dict(_pictures(results))
    for old in folder.glob("*.png"):
        if old.stem not in pictures:
            old.unlink()
    for name, data in pictures.items():
        write_bytes(folder / f"{name}.png", data)
    numbers = report_numbers(results)
    write_text(folder / "report.json", json.dumps(numbers, indent=2) + "\n")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda value: f"{value:.2%}"
    environment.filters["scores"] = score_text
    environment.filters["count"] = lambda value: f"{value:,}"
    page = environment.get_template("page.html.j2").render(
        numbers=numbers,
        pictures={name: base64.b64encode(data).decode() for name, data in pictures.items()},
        output_pictures=[
            [(_picture_name(results, place, name), text) for name, text in DESCRIPTIONS.items()]
            for place in range(len(results.outputs))
        ],
    )
    with replacing(folder / "index.html") as temporary:
        temporary.write_text(page, encoding="utf-8")
    return folder / "index.html"


def report_numbers(results: Results) -> dict[str, Any]:
    """The report's numbers as a JSON document; what was not measured is null."""
    validation = results.validation
    return {
        "manifest": dataclasses.asdict(results.manifest),
        "validation": dataclasses.asdict(validation),
        "other_validations": [dataclasses.asdict(other) for other in results.others],
        "firmware": dataclasses.asdict(results.firmware),
        "history": None if results.history is None else dataclasses.asdict(results.history),
        "quantization": None if results.quantization is None else dataclasses.asdict(results.quantization),
        "bench": None if results.bench is None else [dataclasses.asdict(row) for row in results.bench],
        "outputs": [_output_numbers(results, output) for output in results.outputs],
        "layers": [dataclasses.asdict(row) for row in results.layers],
        "profile": None if results.profiled is None else dataclasses.asdict(results.profiled),
        "computed": None
        if results.computed is None
        else {
            "multiply_accumulates": results.computed.multiply_accumulates,
            "arena_bytes": results.computed.arena_bytes,
            "changes": [dataclasses.asdict(change) for change in results.computed.changes],
            "calls": [
                {**dataclasses.asdict(call), "chosen_for": call.reason.partition("; not ")[0]}
                for call in results.computed.calls
            ],
        },
        "totals": {
            "parameters": sum(row.parameters for row in results.layers),
            "multiply_accumulates": sum(row.multiply_accumulates for row in results.layers),
        },
        "latency": {
            "unit": validation.tick_unit,
            "median": float(np.median(results.answers.ticks)),
            "lowest": int(results.answers.ticks.min()),
            "highest": int(results.answers.ticks.max()),
        },
    }


def _output_numbers(results: Results, output: Output) -> dict[str, Any]:
    return {
        "name": output.name,
        "task": output.task.kind,
        "accuracy": {
            name: {
                "right": found.right,
                "images": found.images,
                "share": found.value,
                "interval_95": [found.low, found.high],
            }
            for name, found in output.shares.items()
        },
        "confusion": {
            "device": _listed(output.device_confusion),
            "float_model": _listed(output.float_confusion),
        },
        "disagreements": [_case(results, output, position) for position in output.disagreements],
        "confident_mistakes": [_case(results, output, position) for position in output.mistakes],
    }


def _listed(counts: Any) -> Any:
    return None if counts is None else counts.tolist()


def _case(results: Results, output: Output, position: int) -> dict[str, Any]:
    """One image: where it is in the test set, its label, and what board and float model said."""
    classes, (device, floats) = output.task.classes, output.distributions
    return {
        "index": int(results.answers.index[position]),
        "label": None if output.targets is None else classes[int(output.targets[position].squeeze())],
        "device": classes[int(device[position].argmax())],
        "device_distribution": device[position].tolist(),
        "float_model": None if floats is None else classes[int(floats[position].argmax())],
        "float_distribution": None if floats is None else floats[position].tolist(),
    }


def _pictures(results: Results) -> Iterator[tuple[str, bytes]]:
    """Every picture of the page, by name."""
    if results.history is not None:
        yield "training", charts.png(charts.training_curves(results.history))
    for place, output in enumerate(results.outputs):
        for name, picture in _output_pictures(results, output):
            yield _picture_name(results, place, name), picture
    unit = results.validation.tick_unit
    yield "latency", charts.png(charts.latency(results.answers.ticks, unit))
    if results.profiled is not None:
        yield "layers", charts.png(charts.layer_costs(results.profiled))
    if results.computed is not None:
        yield "arena", charts.png(charts.arena(results.computed))
    if (parts := _memory(results)) is not None:
        on = board(results.firmware.board)
        limits = {"flash": on.flash_bytes or 0, "RAM": on.ram_bytes or 0}
        yield "memory", charts.png(charts.memory(parts, limits))


def _picture_name(results: Results, place: int, name: str) -> str:
    return f"output{place}_{name}" if len(results.outputs) > 1 else name


def _output_pictures(results: Results, output: Output) -> Iterator[tuple[str, bytes]]:
    """The pictures that suit an output's task."""
    if output.shares:
        yield "accuracy", charts.png(charts.accuracies(output.shares))
    if (device := output.device_confusion) is not None:
        yield (
            "confusion",
            charts.png(charts.confusions(output.float_confusion, device, list(output.task.classes))),
        )
    differing = output.disagreements
    for start in range(0, min(len(differing), MOST_DISAGREEMENTS), DISAGREEMENTS_A_PICTURE):
        chosen = differing[start : start + DISAGREEMENTS_A_PICTURE]
        yield f"disagreements_{start // DISAGREEMENTS_A_PICTURE + 1:02d}", _answers(results, output, chosen)
    if len(output.mistakes):
        yield "mistakes", _answers(results, output, output.mistakes)
    models = {"board": output.device, "float model": output.float_predictions}
    if output.task.kind == REGRESSION and output.targets is not None:
        yield "regression", charts.png(values.against_targets(output.targets, models))
    elif output.task.kind == RECONSTRUCTION and output.targets is not None:
        yield "reconstruction", charts.png(values.errors_by_kind(output.targets, models, output.anomalies))
        yield "rebuilt", charts.png(values.rebuilt(output.targets, models))
    if output.float_predictions is not None and not output.is_row:
        yield "fidelity", charts.png(values.board_against_float(output.device, output.float_predictions))
    elif output.task.kind == UNKNOWN:
        yield "values", charts.png(values.histogram(output.device))


def _answers(results: Results, output: Output, chosen: Any) -> bytes:
    device, floats = output.distributions
    return charts.png(
        charts.answers(
            results.images[chosen],
            [_title(_case(results, output, position)) for position in chosen],
            device[chosen],
            None if floats is None else floats[chosen],
            list(output.task.classes),
        )
    )


def _title(case: dict[str, Any]) -> str:
    lines = [f"#{case['index']:,}", f"board: {case['device']}"]
    if case["label"] is not None:
        lines.insert(1, f"label: {case['label']}")
    if case["float_model"] not in (None, case["device"]):
        lines.append(f"float: {case['float_model']}")
    return "\n".join(lines)


def _memory(results: Results) -> dict[str, list[tuple[str, int]]] | None:
    """Flash and RAM in parts. None on a board that is not emulated."""
    firmware = results.firmware
    if firmware.flash_bytes is None or firmware.ram_bytes is None:
        return None
    model, stack = firmware.model_bytes or 0, firmware.stack_bytes or 0
    return {
        "flash": [("model", model), ("engine and start-up", firmware.flash_bytes - model)],
        "RAM": [("statics", firmware.ram_bytes - stack), ("peak stack", stack)],
    }
