"""python -m quantize.compare: PTQ and QAT side by side, layer by layer, and how many images PTQ needs."""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from contract import cli
from contract.files import write_text

if TYPE_CHECKING:
    from quantize.comparison import Comparison


def main(arguments: list[str]) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    options = _parser().parse_args(arguments)
    from quantize import stage
    from quantize.comparison import compare
    from quantize.dataset import read_dataset
    from quantize.network import load_network

    stage.require_tensorflow()
    network = load_network(options.model)
    data = read_dataset(options.data, network.input_shape, network.outputs)
    comparison = compare(network, data, options.name or options.model.stem)
    write_text(options.out / "quantization.json", json.dumps(asdict(comparison), indent=2) + "\n")
    show(comparison)
    print(f"written  {options.out}/quantization.json")
    return 0


def show(comparison: "Comparison") -> None:
    """Print the comparison as three tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    methods = Table(
        "", "float, validation", "float, test", "int8, validation", "int8, test", "bytes", "seconds",
        title=f"{comparison.model}: {comparison.validation_images:,} validation and "
        f"{comparison.test_images:,} test images",
    )  # fmt: skip
    for method in comparison.methods:
        methods.add_row(
            method.method.upper(),
            *(
                f"{share:.2%}"
                for score in (method.float_model, method.int8_model)
                for share in asdict(score).values()
            ),
            f"{method.flatbuffer_bytes:,}",
            f"{method.seconds:.0f}",
        )
    console.print(methods)
    noise = Table(title="signal to quantisation noise, dB")
    noise.add_column("layer", no_wrap=True)
    noise.add_column("operator", no_wrap=True)
    for method in comparison.methods:
        noise.add_column(f"{method.method.upper()} weights", justify="right")
        noise.add_column("activations", justify="right")
    for rows in zip(*(method.layers for method in comparison.methods), strict=True):
        ratios = [ratio for row in rows for ratio in (row.weights_db, row.activations_db)]
        noise.add_row(rows[0].layer, rows[0].operator, *("" if r is None else f"{r:.1f}" for r in ratios))
    console.print(noise)
    sizes = Table("images", "draw", "int8, validation", "int8, test", title="representative dataset of PTQ")
    for draw in comparison.representative:
        sizes.add_row(
            f"{draw.images:,}",
            str(draw.seed),
            f"{draw.int8_model.validation:.2%}",
            f"{draw.int8_model.test:.2%}",
        )
    console.print(sizes)
    print(f"chosen   {comparison.chosen} by validation accuracy")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m quantize.compare",
        description="Quantise a float model by PTQ and by QAT and measure both: accuracy, bytes, noise in "
        "each layer; then PTQ with 50 to 1,000 representative images, three draws each. Prints three tables "
        "and writes quantization.json. The better method is chosen on the validation images; the test images "
        "are measured and choose nothing.",
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


if __name__ == "__main__":
    cli.run(main)
