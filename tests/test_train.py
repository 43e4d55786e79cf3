"""The training stage: the network, the augmentation, the recipes, and the command as a whole."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.dataset import network_input
from contract.errors import UserError
from train.recipes import RECIPES

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Keras warns about itself.
pytestmark = pytest.mark.filterwarnings("ignore:__array__")

CLASSES = 3


@pytest.fixture(scope="module")
def own_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's own file: 12 x 14 images in colour of three classes that brightness tells apart, in order."""
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(CLASSES), 40)
    images = rng.integers(0, 60, (2, 120, 12, 14, 3)) + 90 * labels[:, None, None, None]
    path = tmp_path_factory.mktemp("own") / "my shapes.npz"
    np.savez(
        path,
        x_train=images[0].astype(np.uint8),
        y_train=labels,
        x_test=images[1].astype(np.uint8),
        y_test=labels,
        classes=["dark", "grey", "bright"],
    )
    return path


def train(*arguments: str | int | Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "train", *map(str, arguments)], capture_output=True, text=True, timeout=280
    )


@pytest.fixture(scope="module")
def trained(own_images: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the command said, and the folder with what it wrote, for one epoch of the user's own images."""
    out = tmp_path_factory.mktemp("trained") / "new" / "folder"
    done = train("--data", own_images, "--epochs", 1, "--seed", 5, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout, out


# ---- the command ----
def test_help_answers_at_once_and_without_tensorflow() -> None:
    started = time.perf_counter()
    done = train("--help")
    seconds = time.perf_counter() - started
    assert done.returncode == 0
    for name, recipe in RECIPES.items():
        assert f"{name:<6} {recipe.about}" in done.stdout
    # Five times what it may take on an idle machine: tests run beside each other.
    assert seconds < 2.5
    imports = "import sys, train.__main__; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", imports], text=True).split() == ["False", "False"]


def test_three_files_are_written_and_nothing_else(trained: tuple[str, Path]) -> None:
    assert sorted(path.name for path in trained[1].iterdir()) == [
        "dataset.npz",
        "float.keras",
        "history.json",
    ]


def test_the_dataset_is_stored_unscaled_with_its_validation_images(
    trained: tuple[str, Path], own_images: Path
) -> None:
    with np.load(trained[1] / "dataset.npz", allow_pickle=False) as stored, np.load(own_images) as own:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            assert stored[name].dtype == np.uint8
            assert np.array_equal(stored[name], own[name])
        assert stored["classes"].tolist() == ["dark", "grey", "bright"]
        validation = stored["validation"]
    assert len(validation) == len(set(validation.tolist())) == 36
    assert len(set((validation // 40).tolist())) == CLASSES, "images sorted by class must all be represented"


def test_the_saved_network_has_the_shape_of_the_data_and_names_everywhere(trained: tuple[str, Path]) -> None:
    import keras

    model = keras.saving.load_model(trained[1] / "float.keras")
    assert model.input_shape == (None, 12, 14, 3)
    assert model.output_shape == (None, CLASSES)
    assert model.name == "my_shapes"
    names = ["conv_1", "pool_1", "conv_2", "pool_2", "flatten", "dense_1", "probabilities"]
    assert [layer.name for layer in model.layers] == names


def test_the_history_is_what_happened(trained: tuple[str, Path]) -> None:
    import keras

    from train import datasets

    history = json.loads((trained[1] / "history.json").read_text())
    assert (history["model"], history["recipe"], history["seed"]) == ("my_shapes", "seed", 5)
    assert history["settings"]["epochs"] == history["kept_epoch"] == 1
    assert list(history["epochs"]) == [
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
        "seconds",
    ]
    assert all(len(values) == 1 for values in history["epochs"].values())
    assert history["epochs"]["learning_rate"] == [pytest.approx(1e-3)]
    assert history["dataset"]["source"] == "the user's own file my shapes.npz"
    assert [history["dataset"][f"{part}_images"] for part in ("training", "validation", "test")] == [
        84,
        36,
        120,
    ]
    assert set(history["versions"]) == {"python", "tensorflow", "keras", "numpy"}

    model = keras.saving.load_model(trained[1] / "float.keras")
    dataset = datasets.from_npz(trained[1] / "dataset.npz")
    answers = model.predict(network_input(dataset.x_test), verbose=0).argmax(axis=1)
    assert history["test_accuracy"] == pytest.approx(float(np.mean(answers == dataset.y_test)))
    assert history["dataset"]["sha256"] == dataset.sha256
    assert history["parameters"] == model.count_params() == sum(a["parameters"] for a in history["layers"])


def test_the_closing_lines_tell_accuracy_seconds_and_files(trained: tuple[str, Path]) -> None:
    said, out = trained
    accuracy = json.loads((out / "history.json").read_text())["test_accuracy"]
    closing = said.strip().splitlines()[-2:]
    assert closing[0].startswith(f"test     {accuracy:.2%} of 120 images right, trained in ")
    assert closing[1] == f"written  {out}/dataset.npz, history.json, float.keras"
    assert "epoch   1/1   loss " in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere.npz"], "error: nowhere.npz: there is no such file"),
        (["--data", "a.npz", "--dataset", "mnist"], "not allowed with"),
        (["--recipe", "worst"], "invalid choice"),
        (["--seed", "-1"], "a seed is a number from 0"),
        (["--epochs", "0"], "at least one epoch"),
    ],
)
def test_usage_errors_end_with_exit_code_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = train(*arguments, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


# ---- the network ----
def test_the_network_has_6320_parameters_and_352260_multiply_accumulates() -> None:
    from train import network

    costs = network.layer_costs(network.build((28, 28, 1), 10, "mnist"))
    assert [cost.output_shape for cost in costs] == [
        (28, 28, 8),
        (14, 14, 8),
        (11, 11, 16),
        (5, 5, 16),
        (400,),
        (10,),
        (10,),
    ]
    assert [cost.parameters for cost in costs] == [136, 0, 2064, 0, 0, 4010, 110]
    assert [cost.multiply_accumulates for cost in costs] == [100352, 0, 247808, 0, 0, 4000, 100]
    total = network.cost_table(costs).splitlines()[-1].split()
    assert total == ["total", "6,320", "352,260"]


@pytest.mark.parametrize("shape", [(10, 10, 1), (10, 33, 3), (64, 11, 2)])
def test_the_network_takes_any_image_that_is_not_too_small(shape: tuple[int, int, int]) -> None:
    from train import network

    model = network.build(shape, 7, "any")
    probabilities = model(np.random.default_rng(0).random((2, *shape), np.float32)).numpy()
    assert probabilities.shape == (2, 7)
    assert probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_images_that_are_too_small_are_refused() -> None:
    from train import network

    with pytest.raises(UserError, match="9 x 28 pixels are too small"):
        network.build((9, 28, 1), 10, "small")


# ---- augmentation ----
def disc(side: int = 28, radius: float = 8.0) -> NDArray[np.float32]:
    """A bright disc in the middle of a dark image."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.asarray(x**2 + y**2 < radius**2, np.float32)[..., np.newaxis]


def augmented(images: NDArray[np.float32], *seed: int, strength: float = 1.0) -> NDArray[np.float32]:
    from train.augment import random_affine

    return np.asarray(random_affine(images, seed=seed, strength=strength), np.float32)


def test_augmentation_repeats_with_its_seed_and_differs_by_image_and_seed() -> None:
    images = np.stack([disc()] * 4)
    first = augmented(images, 0, 0)
    assert first.shape == images.shape
    assert first.dtype == np.float32
    assert np.array_equal(first, augmented(images, 0, 0))
    assert not np.array_equal(first, augmented(images, 0, 1))
    assert not np.array_equal(first, augmented(images, 1, 0))
    assert not np.array_equal(first[0], first[1])


def test_augmentation_moves_and_scales_within_its_limits() -> None:
    from train import augment

    images = np.stack([disc()] * 500)
    weights = augmented(images, 0, 0)[..., 0]
    mass = weights.sum(axis=(1, 2))
    y, x = np.mgrid[:28, :28] - 13.5
    # Looking further away in the source (up to 1 + SCALE) makes the picture smaller, by the determinant.
    assert mass.min() > 0.97 * disc().sum() / (1 + augment.SCALE) ** 2
    assert mass.max() < 1.03 * disc().sum() / (1 - augment.SCALE) ** 2
    assert mass.std() > 0
    for axis in (x, y):
        centre = (weights * axis).sum(axis=(1, 2)) / mass
        assert abs(centre.mean()) < 0.2
        assert 1.5 < abs(centre).max() < 28 * augment.SHIFT * (1 + augment.SCALE + augment.ROTATION) + 0.3


def test_augmentation_fades_to_the_image_itself() -> None:
    images = np.stack([disc()] * 4)
    change = [
        np.abs(augmented(images, 0, 0, strength=strength) - images).mean() for strength in (0, 0.1, 0.5, 1)
    ]
    assert change[0] == pytest.approx(0, abs=1e-6)
    assert change == sorted(change)


def test_augmentation_keeps_a_plain_image_plain() -> None:
    assert augmented(np.full((8, 20, 16, 3), 0.25, np.float32), 2, 3) == pytest.approx(0.25, abs=1e-6)


# ---- training ----
@pytest.fixture
def fit(own_images: Path) -> Callable[..., tuple[bytes, Any, int]]:
    """Train a network on the user's own images; give its weights as bytes, the curves and the kept epoch."""
    import keras

    from train import datasets, network, training

    dataset = datasets.from_npz(own_images)

    def run(recipe: str, seed: int, **changes: Any) -> tuple[bytes, Any, int]:
        settings = replace(RECIPES[recipe], **changes)
        keras.utils.set_random_seed(seed)
        model = network.build(dataset.image_shape, CLASSES, "own")
        curves, kept = training.fit(
            model, training.split(dataset, settings.validation_fraction), settings, seed
        )
        return b"".join(weights.tobytes() for weights in model.get_weights()), curves, kept

    return run


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_seed_repeats_a_run_to_the_last_bit(
    fit: Callable[..., tuple[bytes, Any, int]], recipe: str
) -> None:
    first, again, other = (fit(recipe, seed, epochs=3)[0] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_seed_recipe_is_the_published_one() -> None:
    recipe = RECIPES["seed"]
    assert (recipe.epochs, recipe.batch_size, recipe.validation_fraction) == (5, 32, 0.3)
    assert recipe.learning_rate == 1e-3
    assert not recipe.cosine
    assert not recipe.augment


def test_early_stopping_ends_with_the_weights_of_the_best_epoch(
    fit: Callable[..., tuple[bytes, Any, int]],
) -> None:
    # So large a learning rate makes the loss jump about: some epoch before the last is the best.
    weights, curves, kept = fit("seed", 4, learning_rate=0.1, epochs=30, patience=3)
    assert len(curves.val_loss) == kept + 1 + 3 < 30
    assert curves.val_loss[kept] == min(curves.val_loss)
    shorter, _, _ = fit("seed", 4, learning_rate=0.1, epochs=kept + 1, patience=None)
    assert weights == shorter


@pytest.mark.parametrize("steps", [20, 1000])
def test_the_learning_rate_rises_in_the_first_twentieth_and_falls_to_nothing(steps: int) -> None:
    from train import training

    schedule = training.learning_rate(RECIPES["best"], steps)
    rates = [float(schedule(step)) for step in range(steps + 1)]
    peak = steps // 20
    assert rates[0] == rates[-1] == pytest.approx(0, abs=1e-9)
    assert rates[peak] == max(rates) == pytest.approx(RECIPES["best"].learning_rate)
    assert all(after > before for before, after in pairwise(rates[: peak + 1]))
    assert all(after < before for before, after in pairwise(rates[peak:]))


def test_the_best_recipe_keeps_the_weights_of_its_last_epoch(
    fit: Callable[..., tuple[bytes, Any, int]],
) -> None:
    _, curves, kept = fit("best", 0, epochs=1)
    assert kept == 0
    assert curves.learning_rate == [pytest.approx(0, abs=1e-9)]


def test_the_folded_network_is_the_plain_one_and_computes_what_was_trained() -> None:
    import keras

    from train import network

    keras.utils.set_random_seed(3)
    trained = network.build((28, 28, 1), 10, "net", normalised=True)
    images = np.random.default_rng(0).random((64, 28, 28, 1), np.float32)
    trained.compile(keras.optimizers.Adam(0.05), "categorical_crossentropy")
    trained.fit(images, np.eye(10)[np.arange(64) % 10], epochs=3, verbose=0)
    plain = network.folded(trained)
    assert [layer.name for layer in plain.layers] == [
        "conv_1", "pool_1", "conv_2", "pool_2", "flatten", "dense_1", "probabilities",
    ]  # fmt: skip
    assert plain.count_params() == 6320
    assert plain.name == "net"
    np.testing.assert_allclose(plain(images), trained(images, training=False), atol=2e-6)


def test_the_best_recipe_writes_the_plain_network_and_what_it_measured(
    own_images: Path, tmp_path: Path
) -> None:
    import keras

    done = train("--data", str(own_images), "--recipe", "best", "--epochs", "1", "--out", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    model = keras.saving.load_model(tmp_path / "float.keras", compile=False)
    assert [layer.name for layer in model.layers][-2:] == ["dense_1", "probabilities"]
    history = json.loads((tmp_path / "history.json").read_text())
    with np.load(own_images) as arrays:
        answers = np.asarray(model(network_input(arrays["x_test"]))).argmax(axis=1)
        assert history["test_accuracy"] == pytest.approx(float(np.mean(answers == arrays["y_test"])))


def test_validation_images_do_not_depend_on_the_seed_and_train_nothing(own_images: Path) -> None:
    from train import datasets, training

    dataset = datasets.from_npz(own_images)
    parts, again = (training.split(dataset, 0.3) for _ in range(2))
    assert np.array_equal(parts.validation, again.validation)
    assert len(parts.x_train) + len(parts.x_validation) == len(dataset.x_train)
    assert np.array_equal(parts.x_validation, network_input(dataset.x_train[parts.validation]))
    everything = np.concatenate([parts.x_train, parts.x_validation]).reshape(120, -1)
    assert len(np.unique(everything, axis=0)) == len(np.unique(dataset.x_train.reshape(120, -1), axis=0))


@pytest.mark.timeout(900)
def test_the_seed_recipe_reaches_97_5_percent_on_mnist(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "train", "--out", str(tmp_path)], capture_output=True, text=True, timeout=880
    )
    assert done.returncode == 0, done.stdout + done.stderr
    history = json.loads((tmp_path / "history.json").read_text())
    assert history["test_accuracy"] >= 0.975
    assert history["parameters"] == 6320
    # The four arrays of MNIST, whichever source delivered them.
    assert history["dataset"]["sha256"] == "f70a605e65f4771227a4db274a22c787f93d196ff5d836664c33f2048a5b6ae9"
