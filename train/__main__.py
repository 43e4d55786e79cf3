"""python -m train: train the network and write dataset.npz, float.keras and history.json."""

import argparse
import json
import os
import platform
import re
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from contract import cli
from contract.files import replacing, write_text
from train import datasets, published
from train.recipes import RECIPES


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    _prepare_tensorflow()
    recipe = RECIPES[options.recipe]
    if options.epochs is not None:
        recipe = replace(recipe, epochs=options.epochs)
    name = options.dataset if options.data is None else _model_name(options.data)
    out = options.out or Path("build") / f"{name}-{options.recipe}"

    if options.data is None:
        dataset = published.load(published.PUBLISHED[options.dataset])
    else:
        dataset = datasets.from_npz(options.data)
        print(f"dataset  {dataset.source}")

    _import_tensorflow()
    import keras
    import numpy as np
    import tensorflow as tf

    from train import network, training

    parts = training.split(dataset, recipe.validation_fraction)
    print(
        f"images   {len(parts.x_train):,} to train, {len(parts.x_validation):,} to validate, "
        f"{len(dataset.x_test):,} to test"
    )

    keras.utils.set_random_seed(options.seed)
    model = network.build(dataset.image_shape, len(dataset.classes), name)
    costs = network.layer_costs(model)
    print(f"\n{network.cost_table(costs)}\n")

    started = time.perf_counter()
    curves, kept_epoch = training.fit(model, parts, recipe, options.seed)
    seconds = time.perf_counter() - started
    test_loss, test_accuracy = training.evaluate(model, dataset.x_test, dataset.y_test)

    history = {
        "model": name,
        "recipe": options.recipe,
        "seed": options.seed,
        "settings": asdict(recipe),
        "dataset": {
            "source": dataset.source,
            "sha256": dataset.sha256,
            "classes": dataset.classes,
            "training_images": len(parts.x_train),
            "validation_images": len(parts.x_validation),
            "test_images": len(dataset.x_test),
        },
        "epochs": asdict(curves),
        "kept_epoch": kept_epoch + 1,
        "validation_accuracy": curves.val_accuracy[kept_epoch],
        "test_accuracy": test_accuracy,
        "test_loss": test_loss,
        "seconds": seconds,
        "parameters": sum(cost.parameters for cost in costs),
        "multiply_accumulates": sum(cost.multiply_accumulates for cost in costs),
        "layers": [asdict(cost) for cost in costs],
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    }
    dataset.save(out / "dataset.npz", parts.validation)
    write_text(out / "history.json", json.dumps(history, indent=2) + "\n")
    with replacing(out / "float.keras") as temporary:  # the last one: where it is, the others are
        model.save(temporary)

    print(
        f"\ntest     {test_accuracy:.2%} of {len(dataset.x_test):,} images right, trained in {seconds:.0f} s"
    )
    print(f"written  {out}/dataset.npz, history.json, float.keras")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m train",
        description="Train the network and write dataset.npz, float.keras and history.json.",
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
        "--seed", type=_seed, default=0, metavar="N", help="repeats a run on the same machine (default: 0)"
    )
    parser.add_argument(
        "--epochs", type=_positive, metavar="N", help="train this long, not as the recipe says"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: build/<dataset>-<recipe>)"
    )
    return parser


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError("a seed is a number from 0 to 4294967295")
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("there must be at least one epoch")
    return number


def _model_name(data: Path) -> str:
    """The name of a model for the images in `data`: the file's name, as far as Keras allows it."""
    return re.sub(r"[^A-Za-z0-9]+", "_", data.stem).strip("_") or "model"


def _prepare_tensorflow() -> None:
    """Set the variables that TensorFlow reads when it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors alone
    # TensorFlow switches these kernels on by itself only on some processors. On the others, too, this network
    # trains about twice as fast with them.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def _import_tensorflow() -> None:
    """Import TensorFlow without the messages (that there is no GPU) which it prints whatever its log level.

    It writes them to the descriptor itself, which therefore leads nowhere meanwhile.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


if __name__ == "__main__":
    cli.run(main)
