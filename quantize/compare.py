"""python -m quantize compare: PTQ and QAT side by side, layer by layer, and how many images PTQ needs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contract.quantization import Comparison


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    from contract.errors import UserError
    from contract.task import CLASSIFICATION
    from quantize import stage
    from quantize.comparison import compare
    from quantize.dataset import read_dataset
    from quantize.network import load_network

    stage.require_tensorflow()
    network = load_network(options.model)
    data = read_dataset(options.data, network.ports)
    if [task.kind for task in data.tasks] != [CLASSIFICATION] or len(network.ports.inputs) > 1:
        raise UserError("python -m quantize compare counts right answers: it takes classifiers of one input")
    comparison = compare(network, data, options.name or options.model.stem)
    comparison.write(options.out)
    show(comparison)
    print(f"written  {options.out}/quantization.json")
    return 0


def show(comparison: "Comparison") -> None:
    """Print the comparison as three tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    methods = Table(
        title=f"{comparison.model}: {comparison.validation_images:,} validation and "
        f"{comparison.test_images:,} test images"
    )
    for column in ("", "validation", "test", "bytes", "seconds"):
        methods.add_column(column, justify="right" if column else "left", no_wrap=True)
    for method in comparison.methods:
        methods.add_row(
            method.method,
            f"{method.validation_accuracy:.2%}",
            f"{method.test_accuracy:.2%}",
            "" if method.flatbuffer_bytes is None else f"{method.flatbuffer_bytes:,}",
            "" if method.seconds is None else f"{method.seconds:.0f}",
        )
    console.print(methods)
    noise = Table(title="signal to quantisation noise, dB")
    noise.add_column("layer", no_wrap=True)
    noise.add_column("operator", no_wrap=True)
    measured = {method.method: method.layers for method in comparison.methods if method.layers}
    for name in measured:
        noise.add_column(f"{name} weights", justify="right")
        noise.add_column(f"{name} output", justify="right")
    for rows in zip(*measured.values(), strict=True):
        ratios = [ratio for row in rows for ratio in (row.weights_db, row.activations_db)]
        noise.add_row(rows[0].layer, rows[0].operator, *("" if r is None else f"{r:.1f}" for r in ratios))
    console.print(noise)
    sizes = Table("images", "draw", "validation", "test", title="representative dataset of PTQ")
    for draw in comparison.representative:
        sizes.add_row(
            f"{draw.images:,}", str(draw.seed), f"{draw.validation_accuracy:.2%}", f"{draw.test_accuracy:.2%}"
        )
    console.print(sizes)
    print(
        f"chosen   {comparison.chosen}: of {comparison.validation_images:,} validation images QAT gains "
        f"{comparison.gained} and loses {comparison.lost}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m quantize compare",
        description="Quantise a float model by PTQ and by QAT and measure both: accuracy, bytes, noise in "
        "each layer; then PTQ with 50 to 1,000 representative images, three draws each. Prints three tables "
        "and writes quantization.json. The method is chosen on the validation images: QAT where its lead "
        "is more than chance. The test images are measured and choose nothing.",
    )
    parser.add_argument(
        "--model", type=Path, required=True, metavar="FILE", help="the float model, a .keras file"
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="its dataset.npz")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where quantization.json is written"
    )
    parser.add_argument("--name", help="the model's name in the tables (default: the file's)")
    return parser
