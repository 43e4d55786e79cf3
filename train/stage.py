"""The whole stage: build the network, train it, measure it once on the test images, write the artefacts."""

import platform
import time
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from contract.dataset import Dataset
from contract.files import replacing
from contract.history import FILE_NAME, Epochs, History, TrainedOn
from train import network, training
from train.recipes import Recipe


def run(dataset: Dataset, model_name: str, recipe_name: str, recipe: Recipe, seed: int, out: Path) -> None:
    """Train on `dataset` and write dataset.npz, history.json and float.keras to the folder `out`."""
    parts = training.split(dataset, recipe.validation_fraction)
    images = {
        "training_images": len(parts.x_train),
        "validation_images": len(parts.x_validation),
        "test_images": len(dataset.x_test),
    }
    print("images   {:,} to train, {:,} to validate, {:,} to test".format(*images.values()))

    shape, classes = dataset.image_shape, len(dataset.classes)
    costs = network.layer_costs(network.build(shape, classes, model_name))
    print(f"\n{network.cost_table(costs)}\n")

    keras.utils.set_random_seed(seed)
    model = network.build(shape, classes, model_name, recipe.normalise)
    started = time.perf_counter()
    curves, kept_epoch = training.fit(model, parts, recipe, seed)
    if recipe.normalise:
        model = network.folded(model)
    seconds = time.perf_counter() - started
    test_loss, test_accuracy = training.evaluate(model, dataset.x_test, dataset.y_test)

    history = History(
        model=model_name,
        recipe=recipe_name,
        seed=seed,
        settings=asdict(recipe),
        dataset=TrainedOn(dataset.source, dataset.sha256, dataset.classes, **images),
        epochs=Epochs(**{name: tuple(values) for name, values in asdict(curves).items()}),
        kept_epoch=kept_epoch + 1,
        validation_accuracy=curves.val_accuracy[kept_epoch],
        test_accuracy=test_accuracy,
        test_loss=test_loss,
        dead_units=network.dead_units(model, parts.x_train),
        seconds=seconds,
        parameters=sum(cost.parameters for cost in costs),
        multiply_accumulates=sum(cost.multiply_accumulates for cost in costs),
        layers=tuple(costs),
        versions={
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    )
    dataset.save(out / "dataset.npz", parts.validation)
    history.write(out / FILE_NAME)
    with replacing(out / "float.keras") as temporary:  # the last one: where it is, the others are
        model.save(temporary)

    tested = images["test_images"]
    print(f"\ntest     {test_accuracy:.2%} of {tested:,} images right, trained in {seconds:.0f} s")
    print(f"written  {out}/dataset.npz, history.json, float.keras")
