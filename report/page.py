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
from report import charts
from report.gather import Results

DISAGREEMENTS_A_PICTURE = 24


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
    environment.filters["count"] = lambda value: f"{value:,}"
    page = environment.get_template("page.html.j2").render(
        numbers=numbers,
        pictures={name: base64.b64encode(data).decode() for name, data in pictures.items()},
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
        "accuracy": {
            name: {
                "right": found.right,
                "images": found.images,
                "share": found.value,
                "interval_95": [found.low, found.high],
            }
            for name, found in results.shares.items()
        },
        "layers": [dataclasses.asdict(row) for row in results.layers],
        "computed": None
        if results.computed is None
        else {
            "multiply_accumulates": results.computed.multiply_accumulates,
            "changes": [dataclasses.asdict(change) for change in results.computed.changes],
        },
        "totals": {
            "parameters": sum(row.parameters for row in results.layers),
            "multiply_accumulates": sum(row.multiply_accumulates for row in results.layers),
        },
        "confusion": {
            "device": _listed(results.device_confusion),
            "float_model": _listed(results.float_confusion),
        },
        "disagreements": [_case(results, position) for position in results.disagreements],
        "confident_mistakes": [_case(results, position) for position in results.mistakes],
        "latency": {
            "unit": validation.tick_unit,
            "median": float(np.median(results.answers.ticks)),
            "lowest": int(results.answers.ticks.min()),
            "highest": int(results.answers.ticks.max()),
        },
    }


def _listed(counts: Any) -> Any:
    return None if counts is None else counts.tolist()


def _case(results: Results, position: int) -> dict[str, Any]:
    """One image: where it is in the test set, its label, and what board and float model said."""
    classes = results.manifest.classes
    floats = results.float_predictions
    return {
        "index": int(results.answers.index[position]),
        "label": None if results.labels is None else classes[int(results.labels[position])],
        "device": classes[int(results.device[position].argmax())],
        "device_distribution": results.device[position].tolist(),
        "float_model": None if floats is None else classes[int(floats[position].argmax())],
        "float_distribution": None if floats is None else floats[position].tolist(),
    }


def _pictures(results: Results) -> Iterator[tuple[str, bytes]]:
    """Every picture of the page, by name."""
    classes = list(results.manifest.classes)
    if results.history is not None:
        yield "training", charts.png(charts.training_curves(results.history))
    if results.shares:
        yield "accuracy", charts.png(charts.accuracies(results.shares))
    if (device := results.device_confusion) is not None:
        yield "confusion", charts.png(charts.confusions(results.float_confusion, device, classes))
    differing = results.disagreements
    for start in range(0, len(differing), DISAGREEMENTS_A_PICTURE):
        chosen = differing[start : start + DISAGREEMENTS_A_PICTURE]
        yield f"disagreements_{start // DISAGREEMENTS_A_PICTURE + 1:02d}", _answers(results, chosen)
    if len(results.mistakes):
        yield "mistakes", _answers(results, results.mistakes)
    unit = results.validation.tick_unit
    yield "latency", charts.png(charts.latency(results.answers.ticks, unit))
    if (parts := _memory(results)) is not None:
        on = board(results.firmware.board)
        limits = {"flash": on.flash_bytes or 0, "RAM": on.ram_bytes or 0}
        yield "memory", charts.png(charts.memory(parts, limits))


def _answers(results: Results, chosen: Any) -> bytes:
    floats = results.float_predictions
    titles = [_title(_case(results, position)) for position in chosen]
    return charts.png(
        charts.answers(
            results.images[chosen],
            titles,
            results.device[chosen],
            None if floats is None else floats[chosen],
            list(results.manifest.classes),
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
