"""The quantisation stage: what it writes, whether it repeats itself, what it costs, what it refuses."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract import runtimes
from contract.errors import UserError
from contract.files import sha256_of
from contract.flatbuffer import parse_model, read_model
from contract.graph import Model, Quantization, Tensor
from contract.manifest import read_manifest
from contract.operators import REGISTRY
from contract.reference import Reference, read_reference, real_values
from contract.scores import LOSSLESS_DB, decibels
from quantize import artefacts, crash, stage, tflm
from quantize.dataset import read_dataset
from quantize.ports import Port, Ports
from quantize.scaling import scale_notes
from quantize.slim import slim
from tests.networks import Network, convolution_of

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Keras and the converter warn about themselves.
pytestmark = pytest.mark.filterwarnings("ignore:__array__", "ignore:Statistics for quantized inputs")

CLASSES = 3


# ---- the committed models ----
@pytest.fixture(scope="module", params=["mnist", "fashion"])
def committed(request: pytest.FixtureRequest, root: Path) -> Path:
    folder: Path = root / "models" / request.param
    return folder


def test_the_committed_files_belong_together(committed: Path) -> None:
    manifest, reference = (
        read_manifest(committed / "manifest.json"),
        read_reference(committed / "reference.npz"),
    )
    assert sha256_of(committed / "model.tflite") == manifest.sha256 == reference.sha256
    assert manifest.dataset_sha256 == reference.dataset_sha256
    assert len(reference.inputs) == manifest.images == 10_000


def test_the_committed_network_is_small_and_runs_everywhere(committed: Path) -> None:
    model = read_model(committed / "model.tflite")
    assert len(model.data) == read_manifest(committed / "manifest.json").flatbuffer_bytes <= 9_700
    assert len(model.operators) == 8
    for runtime in runtimes.RUNTIMES.values():
        runtimes.check(model, runtime)


def test_the_committed_accuracies_follow_from_the_reference(committed: Path) -> None:
    (stated,) = read_manifest(committed / "manifest.json").scores
    reference = read_reference(committed / "reference.npz")
    (labels,) = reference.targets
    assert labels is not None
    assert reference.float_predictions is not None
    (predictions,) = reference.float_predictions
    assert stated.float_model == {"accuracy": np.mean(predictions.argmax(axis=1) == labels)}
    assert stated.int8_model == {"accuracy": np.mean(reference.outputs.argmax(axis=1) == labels)}


def test_the_committed_models_are_as_good_as_promised(root: Path) -> None:
    for name, least in (("mnist", 0.994), ("fashion", 0.9)):
        (scores,) = read_manifest(root / "models" / name / "manifest.json").scores
        assert scores.int8_model["accuracy"] >= least


def test_quantisation_costs_at_most_a_twentieth_of_a_point(committed: Path) -> None:
    (scores,) = read_manifest(committed / "manifest.json").scores
    assert scores.int8_model["accuracy"] >= scores.float_model["accuracy"] - 0.0005 - 1e-9


def test_the_committed_reference_is_what_tensorflow_lite_micro_computes(committed: Path) -> None:
    reference, model = read_reference(committed / "reference.npz"), read_model(committed / "model.tflite")
    sample = slice(None, None, 25)
    np.testing.assert_array_equal(tflm.outputs(model, reference.inputs[sample]), reference.outputs[sample])


def test_the_committed_arena_is_what_tensorflow_lite_micro_records(committed: Path) -> None:
    model = read_model(committed / "model.tflite")
    assert read_manifest(committed / "manifest.json").arena_bytes == tflm.arena_bytes(model)


# ---- a small problem, learnt here: in which third of the image the bright stripe is ----
@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)

    def images(count: int) -> tuple[Any, Any]:
        labels = rng.integers(0, CLASSES, count)
        pixels = rng.integers(0, 150, (count, 12, 12, 1))
        for image, label in zip(pixels, labels, strict=True):
            image[4 * label + rng.integers(0, 4)] += rng.integers(50, 105)
        return pixels.astype(np.uint8), labels

    (x_train, y_train), (x_test, y_test) = images(1500), images(400)
    path = tmp_path_factory.mktemp("data") / "dataset.npz"
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test, source="made up")
    return path


@pytest.fixture(scope="module")
def keras_model(dataset: Path) -> Path:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    image = keras.Input((12, 12, 1), name="stripes")
    x = layers.Conv2D(6, 3, padding="same", strides=2, name="edges")(image)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(name="rectified")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dropout(0.1, name="drop")(x)
    model = keras.Model(image, layers.Dense(CLASSES, activation="softmax", name="which-third")(x))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    with np.load(dataset) as arrays:
        model.fit(arrays["x_train"] / 255.0, arrays["y_train"], batch_size=64, epochs=4, verbose=0)
    path = dataset.parent / "float.keras"
    model.save(path)
    return path


Quantise = Callable[..., Path]


@pytest.fixture(scope="module")
def quantise(keras_model: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Quantise:
    def run(**changes: Any) -> Path:
        out = tmp_path_factory.mktemp("out")
        settings: dict[str, Any] = {
            "model_path": keras_model, "data_path": dataset, "out": out, "name": None, "recipe": "own",
            "method": "ptq", "representative": 60, "seed": 0, "runtime": "aot",
        }  # fmt: skip
        stage.quantise(**(settings | changes))
        return out

    return run


@pytest.fixture(scope="module")
def ptq(quantise: Quantise) -> Path:
    return quantise()


def read(folder: Path) -> tuple[Model, Reference, dict[str, Any]]:
    manifest = json.loads((folder / "manifest.json").read_text())
    return read_model(folder / "model.tflite"), read_reference(folder / "reference.npz"), manifest


def test_any_chain_of_supported_layers_is_quantised_and_named(ptq: Path) -> None:
    model, _, manifest = read(ptq)
    assert [operator.name for operator in model.operators] == [
        "CONV_2D", "MAX_POOL_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX",
    ]  # fmt: skip
    assert manifest["layers"] == ["edges", "pool", "flat", "which_third", "softmax"]
    assert manifest["inputs"][0]["shape"] == [1, 12, 12, 1]
    assert (manifest["model"], manifest["method"], manifest["recipe"]) == ("float", "ptq", "own")
    assert (manifest["representative_images"], manifest["representative_seed"]) == (60, 0)
    assert manifest["dataset_source"] == "made up"
    for runtime in runtimes.RUNTIMES.values():
        runtimes.check(model, runtime)


def test_the_int8_model_is_about_as_good_as_the_float_model(ptq: Path) -> None:
    _, reference, manifest = read(ptq)
    (scores,) = manifest["scores"]
    assert scores["float_model"]["accuracy"] > 0.9
    assert abs(scores["int8_model"]["accuracy"] - scores["float_model"]["accuracy"]) <= 0.01
    assert reference.float_predictions is not None
    real = (reference.outputs.astype(np.float32) + 128) / 256
    assert np.abs(real - reference.float_predictions[0]).mean() < 0.02


def test_two_conversions_give_the_same_bytes(ptq: Path, quantise: Quantise) -> None:
    import keras

    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(2)])
    again = quantise()
    assert sha256_of(again / "model.tflite") == sha256_of(ptq / "model.tflite")
    assert sha256_of(again / "manifest.json") == sha256_of(ptq / "manifest.json")


def test_the_representative_seed_decides_the_ranges(ptq: Path, quantise: Quantise) -> None:
    other = quantise(representative=30, seed=7)
    assert read(other)[0].sha256 != read(ptq)[0].sha256


@pytest.fixture(scope="module")
def tuned(keras_model: Path, dataset: Path) -> Any:
    """Quantisation-aware training, once for all tests: its process imports TensorFlow a second time."""
    from quantize import qat
    from quantize.dataset import draw, read_dataset
    from quantize.network import load_network

    network = load_network(keras_model)
    data = read_dataset(dataset, network.ports)
    return qat.fine_tuned(network, data, draw(data.train, data.tasks, 60, 0), seed=0, epochs=1)


def test_quantisation_aware_training_gives_the_same_kind_of_model(
    ptq: Path, quantise: Quantise, tuned: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quantize.qat.fine_tuned", lambda network, data, drawn, seed: tuned)
    model, _, manifest = read(quantise(method="qat"))
    assert manifest["method"] == "qat"
    assert manifest["layers"] == read(ptq)[2]["layers"]
    (scores,) = manifest["scores"]
    assert scores["int8_model"]["accuracy"] >= scores["float_model"]["accuracy"] - 0.02
    for runtime in runtimes.RUNTIMES.values():
        runtimes.check(model, runtime)


# ---- the two methods compared ----
def test_the_comparison_measures_both_methods_and_every_draw(
    keras_model: Path,
    dataset: Path,
    ptq: Path,
    tuned: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from quantize.compare import show
    from quantize.comparison import better, compare
    from quantize.dataset import read_dataset
    from quantize.network import load_network

    network = load_network(keras_model)
    data = read_dataset(dataset, network.ports)
    monkeypatch.setattr("quantize.qat.fine_tuned", lambda network, data, drawn, seed: tuned)
    comparison = compare(network, data, "stripes", sizes=(20, 40), seeds=(0, 1))
    exact, after, exact_tuned, aware = comparison.methods
    assert (exact.method, after.method, aware.method) == ("float", "ptq", "qat")
    assert exact.test_accuracy == read(ptq)[2]["scores"][0]["float_model"]["accuracy"]
    assert [(draw.images, draw.seed) for draw in comparison.representative] == [
        (20, 0), (20, 1), (40, 0), (40, 1),
    ]  # fmt: skip
    assert (comparison.validation_images, comparison.test_images) == (125, 400)
    for method, rounded in ((after, exact), (aware, exact_tuned)):
        assert method.layers is not None
        assert abs(method.test_accuracy - rounded.test_accuracy) <= 0.02
        assert [layer.layer for layer in method.layers] == read(ptq)[2]["layers"]
        # Eight bits are worth some 30 to 50 dB, whether the weights were trained for it or not.
        assert all(25 < layer.activations_db < 60 for layer in method.layers)
        for layer in method.layers:
            if layer.operator in ("CONV_2D", "FULLY_CONNECTED"):
                assert layer.weights_db is not None
                assert 30 < layer.weights_db < 60
            else:
                assert layer.weights_db is None
    lead = (aware.validation_accuracy - after.validation_accuracy) * comparison.validation_images
    assert comparison.gained - comparison.lost == pytest.approx(lead)
    assert comparison.chosen == better(comparison.gained, comparison.lost)
    show(comparison)
    assert "which_third" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("gained", "lost", "method"),
    [(0, 0, "ptq"), (10, 7, "ptq"), (4, 0, "ptq"), (5, 0, "qat"), (0, 50, "ptq")],
)
def test_training_must_lead_by_more_than_chance(gained: int, lost: int, method: str) -> None:
    from quantize.comparison import better

    assert better(gained, lost) == method


def test_noise_is_measured_in_decibels() -> None:
    from quantize.noise import real_values

    assert decibels(100.0, 1.0) == 20.0
    assert decibels(1.0, 0.0) == LOSSLESS_DB
    scales = Quantization((0.5, 2.0), (0, 1), 0)
    tensor = Tensor(0, "weights", "INT8", (2, 2), scales, None)
    values = np.array([[2, 4], [2, 4]], np.int8)
    np.testing.assert_array_equal(real_values(tensor, values), [[1, 2], [2, 6]])


# ---- several inputs and outputs, scales, crashes ----
def test_inputs_and_outputs_that_look_alike_keep_their_order_and_names(
    tmp_path: Path, quantise: Quantise
) -> None:
    import keras
    from keras import layers

    # The converter orders inputs by their names, and outputs as it likes.
    second, first = keras.Input((5,), name="z_first"), keras.Input((5,), name="a_second")
    difference = layers.Subtract(name="difference")([second, first])
    scaled = layers.Rescaling(3.0, name="tripled")(second)
    model = keras.Model([second, first], [scaled, difference])
    rng = np.random.default_rng(0)
    data = {
        f"x_{half}_{name}": rng.normal(size=(count, 5)) * size
        for half, count in (("train", 60), ("test", 20))
        for name, size in (("z_first", 1.0), ("a_second", 4.0))
    }
    np.savez(tmp_path / "data.npz", **data)  # type: ignore[arg-type]
    out = quantise(model_path=saved(tmp_path, model), data_path=tmp_path / "data.npz")
    flatbuffer, reference, _ = read(out)
    manifest = read_manifest(out / "manifest.json")
    assert [info.name for info in manifest.inputs] == ["z_first", "a_second"]
    assert [info.name for info in manifest.outputs] == ["tripled", "difference"]
    assert [flatbuffer.tensors[index].name for index in flatbuffer.inputs] == ["z_first", "a_second"]
    tripled, subtracted = real_values(reference.outputs, manifest.outputs)
    x, y = data["x_test_z_first"], data["x_test_a_second"]
    assert np.median(np.abs(tripled - 3 * x)) < 0.05  # beyond the training data's range it saturates
    assert np.median(np.abs(subtracted - (x - y))) < 0.15
    assert manifest.inputs[1].lowest == pytest.approx(data["x_train_a_second"].min(), abs=1.0)


def test_data_in_another_scale_than_the_trainings_is_noticed(tmp_path: Path) -> None:
    class Trained:
        """Stands for a network that was trained on 0 to 1: it says whether a pixel is bright."""

        ports = Ports((Port("input", (1,)),), (Port("output", (1,), ending="sigmoid"),))

        def predict(self, pixels: Any) -> Any:
            return (((pixels > 0.5) & (pixels <= 1.5)).astype(np.float32),)

    rng = np.random.default_rng(0)
    pixels = rng.uniform(2, 255, (200, 1))
    labels = (pixels[:, 0] > 127.5).astype(int)
    for factor, notes in ((1.0, 1), (1 / 255, 0)):
        np.savez(tmp_path / "data.npz", x_train=pixels * factor, y_train=labels, x_test=pixels, y_test=labels)
        network: Any = Trained()
        found = list(scale_notes(network, read_dataset(tmp_path / "data.npz", network.ports)))
        assert len(found) == notes
        assert all("100% of the same divided by 255 (0 to 1): give x_train" in note for note in found)


def test_a_model_that_gives_no_numbers_is_refused(tmp_path: Path, quantise: Quantise) -> None:
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    x = np.ones((40, 2), np.float32)
    x[35] = 3e38  # two of these are more than float32 holds
    np.savez(tmp_path / "data.npz", x_train=x[:30], x_test=x[30:], y_train=x[:30, 0], y_test=x[30:, 0])
    with pytest.raises(UserError, match="gives infinite numbers, or none, for some of x_test"):
        quantise(model_path=saved(tmp_path, model), data_path=tmp_path / "data.npz")


def test_features_that_an_int8_input_cannot_tell_are_noticed(
    tmp_path: Path, quantise: Quantise, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras
    from keras import layers

    rng = np.random.default_rng(0)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    for sizes, noted in (((1, 1000, 1), True), ((1, 2, 3), False)):
        x = (rng.normal(size=(80, 3)) * sizes).astype(np.float32)
        np.savez(tmp_path / "data.npz", x_train=x[:60], x_test=x[60:], y_train=x[:60, 0], y_test=x[60:, 0])
        quantise(model_path=saved(tmp_path, model), data_path=tmp_path / "data.npz")
        printed = capsys.readouterr().out
        assert ("2 of 3 vary by less than 2 steps (feature 0 by" in printed) == noted


def test_a_representative_dataset_of_the_users_own_sets_the_ranges(
    dataset: Path, tmp_path: Path, quantise: Quantise
) -> None:
    with np.load(dataset) as arrays:
        np.savez(tmp_path / "mine.npz", x_train=arrays["x_train"][:7] // 2)
    model, _, manifest = read(quantise(representative=tmp_path / "mine.npz"))
    assert (manifest["representative_images"], manifest["representative_seed"]) == (7, None)
    assert model.input.scale_and_zero_point[0] < 0.6 / 255


def test_a_crash_of_tensorflow_is_told_in_a_line_with_what_it_said_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    crashing = tmp_path / "python"
    crashing.write_text(
        '#!/bin/sh\n[ "$1" = -c ] || exit 9\necho "loop met" > "$THIMBLE_QUANTIZE_LOG"\nkill -SEGV $$\n'
    )
    crashing.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(crashing))
    with pytest.raises(UserError, match=r"crashed on this model \(SIGSEGV\).* It said last: loop met"):
        crash.run_inner(["--model", "m.keras"])


def test_the_command_for_a_keras_model_ends_as_the_process_that_does_the_work(
    tmp_path: Path, dataset: Path, keras_model: Path, root: Path
) -> None:
    def command(model: Path) -> subprocess.CompletedProcess[str]:
        arguments = ["--model", str(model), "--data", str(dataset), "--out", str(tmp_path / "out")]
        return subprocess.run(
            [sys.executable, "-m", "quantize", *arguments, "--representative", "20"],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=120,
        )

    refused = command(tmp_path / "none.keras")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: there is no")
    done = command(keras_model)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert "output   classification   float accuracy" in done.stdout


# ---- a smaller flatbuffer ----
@pytest.fixture(scope="module")
def unstripped(keras_model: Path, dataset: Path) -> Model:
    from quantize import ptq
    from quantize.network import load_network

    network = load_network(keras_model)
    with np.load(dataset) as arrays:
        images = arrays["x_train"][:40].astype(np.float32) / 255
    return parse_model(ptq.converted(network.single, [images]))


def test_the_slim_flatbuffer_computes_the_same(unstripped: Model) -> None:
    slimmed = parse_model(slim(unstripped.data))
    inputs = np.random.default_rng(0).integers(-128, 128, (300, 12, 12, 1), dtype=np.int8)
    np.testing.assert_array_equal(tflm.outputs(slimmed, inputs), tflm.outputs(unstripped, inputs))


def test_the_slim_flatbuffer_has_lost_names_and_nothing_else(unstripped: Model) -> None:
    slimmed = parse_model(slim(unstripped.data))
    assert len(slimmed.data) <= len(unstripped.data) - 1000
    assert not any(tensor.name for tensor in slimmed.tensors)
    for before, after in zip(unstripped.operators, slimmed.operators, strict=True):
        assert (after.name, after.version, after.options) == (before.name, before.version, before.options)
        for old, new in zip(before.inputs + before.outputs, after.inputs + after.outputs, strict=True):
            there, here = unstripped.tensors[old], slimmed.tensors[new]
            assert (here.type, here.shape, here.data) == (there.type, there.shape, there.data)
            assert here.quantization == there.quantization


def test_slimming_twice_changes_nothing(unstripped: Model) -> None:
    once = slim(unstripped.data)
    assert slim(once) == once


def test_constants_stay_aligned_to_16_bytes(unstripped: Model, mnist: Path) -> None:
    for data in (slim(unstripped.data), (mnist / "model.tflite").read_bytes()):
        constants = [
            tensor.data for tensor in parse_model(data).tensors if tensor.data and len(tensor.data) > 32
        ]
        assert constants
        assert all(data.find(constant) % 16 == 0 for constant in constants)


# ---- a flatbuffer of the user's own ----
def test_a_given_flatbuffer_is_copied_and_run_on_random_inputs(unstripped: Model, tmp_path: Path) -> None:
    (tmp_path / "own.tflite").write_bytes(unstripped.data)
    stage.given(tmp_path / "own.tflite", None, None, "own", 0, "aot", tmp_path / "out")
    model, reference, manifest = read(tmp_path / "out")
    assert model.data == unstripped.data
    assert (manifest["model"], manifest["method"]) == ("own", "given")
    assert manifest["layers"] == ["conv_0", "pool_1", "reshape_2", "dense_3", "softmax_4"]
    assert (reference.targets, reference.float_predictions) == ((None,), None)
    assert manifest["images"] == 1000
    assert manifest["scores"] == [{"float_model": {}, "int8_model": {}}]
    np.testing.assert_array_equal(tflm.outputs(model, reference.inputs[:20]), reference.outputs[:20])


def test_a_given_flatbuffer_with_data_has_an_accuracy(ptq: Path, dataset: Path, tmp_path: Path) -> None:
    stage.given(ptq / "model.tflite", dataset, "own", "own", 0, "aot", tmp_path)
    _, reference, manifest = read(tmp_path)
    assert manifest["scores"][0]["int8_model"] == read(ptq)[2]["scores"][0]["int8_model"]
    np.testing.assert_array_equal(reference.outputs, read(ptq)[1].outputs)


# ---- what is refused ----
def saved(tmp_path: Path, model: Any) -> Path:
    path = tmp_path / "float.keras"
    model.save(path)
    return path


def test_a_file_that_is_no_keras_model_is_refused(tmp_path: Path, quantise: Quantise) -> None:
    (tmp_path / "model.h5").write_bytes(b"\x89HDF")
    for path, message in (
        (tmp_path / "none.keras", "there is no"),
        (tmp_path / "model.h5", "not a .keras file"),
    ):
        with pytest.raises(UserError, match=message):
            quantise(model_path=path)


def test_a_model_of_another_form_is_refused(tmp_path: Path, quantise: Quantise) -> None:
    import keras
    from keras import layers

    left, right = keras.Input((4,)), keras.Input((4,))
    scores = layers.Dense(3)(layers.Add()([left, right]))
    for model, message in (
        (
            keras.Model([left, right], scores),
            r"no array named x_train_\w+, x_train_\w+, x_test_\w+, x_test_\w+; write the file",
        ),
        (keras.Model([left], layers.Dense(3)(left)), r"takes inputs of the shape \[4\]"),
        (keras.Sequential([keras.Input((None, None, 1)), layers.Conv2D(2, 3)]), "open shape"),
        (
            keras.Sequential([keras.Input((12, 12, 1)), layers.Conv2D(2, 3)]),
            r"inputs of a classifier need the shape \[1500, 10, 10\]",
        ),
    ):
        with pytest.raises(UserError, match=message):
            quantise(model_path=saved(tmp_path, model))


def test_what_cannot_be_rebuilt_is_refused_by_its_layer(tmp_path: Path) -> None:
    import keras
    from keras import layers

    from quantize.network import network_of

    inner = keras.Sequential([keras.Input((4, 3)), layers.LSTM(2)])
    wrapped = keras.Sequential([keras.Input((5, 4, 3)), layers.TimeDistributed(inner, name="each")])
    with pytest.raises(UserError, match="layer each wraps a whole model"):
        network_of(wrapped, "m.keras")
    diverged = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    diverged.set_weights([np.full((4, 2), np.nan), np.zeros(2)])
    with pytest.raises(UserError, match=r"no numbers: its training has diverged"):
        network_of(diverged, "m.keras")


def test_the_ending_of_an_output_is_that_of_its_own_layer() -> None:
    import keras
    from keras import layers

    from quantize.network import network_of

    image = keras.Input((4,))
    inner = keras.Model(image, [layers.Dense(3, activation="softmax")(image), layers.Dense(1)(image)])
    outer = keras.Input((4,))
    model = keras.Model(outer, inner(outer))
    assert [port.ending for port in network_of(model, "m.keras").ports.outputs] == ["softmax", ""]


def test_a_model_for_other_images_is_refused(tmp_path: Path, quantise: Quantise) -> None:
    import keras

    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    with pytest.raises(UserError, match=r"x_train has the shape .* takes inputs of the shape \[8, 8, 1\]"):
        quantise(model_path=saved(tmp_path, model))


def test_an_operator_that_the_runtime_lacks_is_refused_by_name(
    quantise: Quantise, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {name: spec for name, spec in REGISTRY.items() if name != "MAX_POOL_2D"}
    monkeypatch.setattr(runtimes, "REGISTRY", others)
    with pytest.raises(UserError, match=r"operator 1 \(MAX_POOL_2D\) cannot run on the ahead-of-time engine"):
        quantise(representative=10)


def test_what_another_runtime_lacks_is_noted_and_not_refused(
    quantise: Quantise, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pool = REGISTRY["MAX_POOL_2D"]
    monkeypatch.setitem(REGISTRY, "MAX_POOL_2D", replace(pool, runs_on={"aot": pool.runs_on["aot"]}))
    assert (quantise(representative=10) / "model.tflite").is_file()
    noted = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note")]
    assert [library for line in noted for library in ("Chirale", "Arduino_") if library in line] == [
        "Chirale",
        "Arduino_",
    ]
    with pytest.raises(UserError, match=r"operator 1 \(MAX_POOL_2D\) cannot run on TensorFlow Lite Micro"):
        quantise(representative=10, runtime="tflm-chirale")


def test_dense_weights_per_channel_are_noted_but_taken(
    keras_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import tensorflow as tf

    from quantize.network import load_network

    converter = tf.lite.TFLiteConverter.from_keras_model(load_network(keras_model).single)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([np.full((1, 12, 12, 1), v, np.float32)] for v in (0, 1))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (tmp_path / "own.tflite").write_bytes(converter.convert())
    capsys.readouterr()
    stage.given(tmp_path / "own.tflite", None, None, "own", 0, "aot", tmp_path / "out")
    printed = capsys.readouterr().out
    assert "FULLY_CONNECTED" in printed
    assert "per-channel weights" in printed
    assert (tmp_path / "out" / "model.tflite").is_file()


def test_a_model_on_which_the_reference_aborts_is_refused_in_words(tmp_path: Path) -> None:
    network = Network((1, 4), scale=1e-9)
    network.softmax()
    (tmp_path / "own.tflite").write_bytes(network.flatbuffer())
    with pytest.raises(
        UserError, match=r"TensorFlow Lite Micro aborts on the model .* a scale is out of its range"
    ):
        stage.given(tmp_path / "own.tflite", None, None, "own", 0, "aot", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_when_a_given_flatbuffer_is_refused(tmp_path: Path, mnist: Path) -> None:
    (tmp_path / "cut.tflite").write_bytes((mnist / "model.tflite").read_bytes()[:5000])
    with pytest.raises(UserError, match="damaged"):
        stage.given(tmp_path / "cut.tflite", None, None, "own", 0, "aot", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_machine_without_the_reference_runtime_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, mnist: Path
) -> None:
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    with pytest.raises(UserError, match=r"Linux x86-64 .* RECIPE=pretrained"):
        tflm.arena_bytes(read_model(mnist / "model.tflite"))


def test_a_machine_without_tensorflow_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, quantise: Quantise
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(UserError, match="tensorflow is not installed; pip install"):
        quantise()


def test_inputs_saturate_at_the_ends_of_int8(mnist: Path) -> None:
    tensor = read_model(mnist / "model.tflite").input
    real = np.array([-1.0, 0.0, 1 / 255, 0.25, 1.0, 2.0], dtype=np.float32)
    assert artefacts.model_inputs(real, tensor).tolist() == [-128, -128, -127, -64, 127, 127]


def test_an_input_of_real_numbers_gets_them_as_they_are() -> None:
    tensor = parse_model(convolution_of("FLOAT32", np.random.default_rng(0)).flatbuffer()).input
    real = np.array([-1.0, 0.0, 1 / 255, 1e9], dtype=np.float32)
    np.testing.assert_array_equal(artefacts.model_inputs(real, tensor), real)


def test_random_real_numbers_reach_both_ends_of_what_is_quantised_behind_them() -> None:
    model = parse_model(convolution_of("FLOAT32", np.random.default_rng(0)).flatbuffer())
    inputs = artefacts.random_inputs(model, 100, 0)
    assert (inputs.dtype.name, inputs.shape) == ("float32", (100, 5, 5, 2))
    steps = np.round(inputs * 255) - 128
    assert (steps.min(), steps.max()) == (-136, 135)


def test_random_uint8_inputs_have_every_value() -> None:
    model = parse_model(convolution_of("UINT8", np.random.default_rng(0)).flatbuffer())
    assert set(artefacts.random_inputs(model, 100, 0).ravel()) == set(range(256))


# ---- the command ----
def test_the_command_answers_help_at_once_and_errors_in_one_line(tmp_path: Path, root: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "quantize", *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert "--representative" in command("--help").stdout
    failed = command("--tflite", str(tmp_path / "none.tflite"), "--out", str(tmp_path / "out"))
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr.startswith("error: cannot read")
    assert failed.stderr.count("\n") == 1
    assert command("--model", "float.keras", "--out", "out").returncode == 2
    assert "representative" in command("compare", "--help").stdout
