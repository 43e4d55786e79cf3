"""python -m train: train the network and write dataset.npz, history.json and float.keras."""

import argparse
import re
from dataclasses import replace
from pathlib import Path

from contract import cli
from train import datasets, published, tensorflow_setup
from train.recipes import RECIPES


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    recipe = RECIPES[options.recipe]
    if options.epochs is not None:
        recipe = replace(recipe, epochs=options.epochs)
    name = options.dataset if options.data is None else _model_name(options.data)
    out = options.out or Path("build") / f"{name}-{options.recipe}"

    tensorflow_setup.set_variables()
    if options.data is None:
        dataset = published.load(published.PUBLISHED[options.dataset])
    else:
        dataset = datasets.from_npz(options.data)
        print(f"dataset  {dataset.source}")

    tensorflow_setup.start()
    from train import stage

    stage.run(dataset, name, options.recipe, recipe, options.seed, out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=cli.program("train"),
        description="Train the network and write dataset.npz, history.json and float.keras.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="recipes:\n" + "\n".join(f"  {name:<6} {recipe.about}" for name, recipe in RECIPES.items()),
    )
    images = parser.add_mutually_exclusive_group()
    images.add_argument(
        "--dataset", choices=tuple(published.PUBLISHED), default="mnist", help="the images (default: mnist)"
    )
    images.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="your own images: an .npz file of x_train, y_train, x_test, y_test, if you like also classes",
    )
    parser.add_argument(
        "--recipe", choices=tuple(RECIPES), default="seed", help="how to train, see below (default: seed)"
    )
    parser.add_argument(
        "--seed",
        type=seed_number,
        default=0,
        metavar="N",
        help="repeats a run on the same machine (default: 0)",
    )
    parser.add_argument(
        "--epochs", type=epoch_count, metavar="N", help="train this long, not as the recipe says"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: build/<dataset>-<recipe>)"
    )
    return parser


def seed_number(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError("a seed is a number from 0 to 4294967295")
    return number


def epoch_count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("there must be at least one epoch")
    return number


def _model_name(data: Path) -> str:
    """The name of a model for the images in `data`: the file's name, as far as Keras allows it."""
    return re.sub(r"[^A-Za-z0-9]+", "_", data.stem).strip("_") or "model"


if __name__ == "__main__":
    cli.run(main)
