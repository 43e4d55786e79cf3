"""The report: statistics against their definitions, a whole and self-contained page, true figures."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from contract.errors import UserError
from contract.flatbuffer import read_model
from contract.history import read_history
from contract.manifest import read_manifest
from report import recognition, seeds
from report.__main__ import main
from report.animation import SENDING_STEPS
from report.gather import gather
from report.layers import layer_rows
from report.statistics import Z_95, confident_mistakes, confusion, share
from tests.validated import IMAGES, validated


@pytest.fixture(scope="module", name="validated")
def validated_image(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return validated(mnist, tmp_path_factory.mktemp("build") / "mnist-pretrained")


@given(st.integers(1, 10_000).flatmap(lambda images: st.tuples(st.integers(0, images), st.just(images))))
def test_the_interval_ends_where_the_share_is_1_96_deviations_off(counts: tuple[int, int]) -> None:
    right, images = counts
    found = share(right, images)
    assert 0 <= found.low <= found.value <= found.high <= 1
    for end in (found.low, found.high):
        deviation = np.sqrt(end * (1 - end) / images)
        assert abs(found.value - end) == pytest.approx(Z_95 * deviation, abs=1e-7)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_the_confusion_matrix_counts_every_pair(pairs: list[tuple[int, int]]) -> None:
    labels, answers = np.array(pairs).T
    counts = confusion(labels, answers, 4)
    for label in range(4):
        for answer in range(4):
            assert counts[label, answer] == pairs.count((label, answer))


def test_the_surest_mistakes_come_first_and_right_answers_never() -> None:
    labels = np.array([0, 0, 0, 1])
    device = np.array([[0.2, 0.8], [0.9, 0.1], [0.1, 0.9], [0.0, 1.0]], np.float32)
    assert confident_mistakes(labels, device, 5).tolist() == [2, 0]


def test_the_layers_of_the_network_add_up(mnist: Path) -> None:
    model = read_model(mnist / "model.tflite")
    rows = layer_rows(model, read_manifest(mnist / "manifest.json").layers)
    assert [row.operator for row in rows] == [
        "CONV_2D", "MAX_POOL_2D", "CONV_2D", "MAX_POOL_2D",
        "RESHAPE", "FULLY_CONNECTED", "FULLY_CONNECTED", "SOFTMAX",
    ]  # fmt: skip
    assert sum(row.parameters for row in rows) == 6_320
    assert sum(row.multiply_accumulates for row in rows) == 28 * 28 * 8 * 16 + 11 * 11 * 16 * 128 + 4000 + 100


def test_the_report_is_one_page_with_everything_in_it(validated: Path, tmp_path: Path) -> None:
    assert main([str(validated), "--out", str(tmp_path)]) == 0
    page = (tmp_path / "index.html").read_text()
    assert not re.search(r"""(src|href)=["'](?!data:)""", page), "the page asks for something outside itself"
    for heading in (
        "Accuracy",
        "The network",
        "The kernels",
        "Confusion",
        "disagree",
        "surest mistakes",
        "Time",
        "Flash and RAM",
    ):
        assert heading in page
    pictures = {path.stem for path in tmp_path.glob("*.png")}
    assert {"accuracy", "confusion", "latency", "memory", "disagreements_01"} <= pictures
    assert page.count("data:image/png;base64,") == len(pictures)


def test_the_numbers_of_the_report_are_those_of_the_answers(validated: Path, tmp_path: Path) -> None:
    main([str(validated), "--out", str(tmp_path)])
    numbers = json.loads((tmp_path / "report.json").read_text())
    results = gather(validated)
    (output,), (told,) = results.outputs, numbers["outputs"]
    assert output.float_predictions is not None
    right = int((output.device.argmax(axis=1) == output.targets).sum())
    assert told["accuracy"]["int8 on the board"]["right"] == right
    assert int(np.trace(np.array(told["confusion"]["device"]))) == right
    assert np.array(told["confusion"]["float_model"]).sum() == IMAGES
    differing = {case["index"] for case in told["disagreements"]}
    assert 7 in differing
    expected = output.float_predictions.argmax(axis=1) != output.device.argmax(axis=1)
    assert differing == set(np.flatnonzero(expected).tolist())
    calls = numbers["computed"]["calls"]
    assert [call["variant"] for call in calls] == ["packed", "packed", "dual", "dual", "table"]
    assert calls[2]["instructions"] == pytest.approx(5171, rel=0.1)
    assert not any("not " in call["chosen_for"] for call in calls)


def test_answers_for_another_model_are_not_reported(validated: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mnist-pretrained"
    shutil.copytree(validated.parent, folder)
    manifest = read_manifest(folder / "manifest.json")
    dataclasses.replace(manifest, sha256="00" * 32).write(folder / "manifest.json")
    with pytest.raises(UserError, match="another model"):
        main([str(folder / "mps2-an386-aot")])


def test_a_report_before_a_validation_says_what_to_run(mnist: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mnist-pretrained"
    shutil.copytree(mnist, folder)
    (folder / "mps2-an386-aot").mkdir()
    with pytest.raises(UserError, match="make validate"):
        main([str(folder / "mps2-an386-aot")])


def test_the_demo_shows_each_image_going_out_and_its_answer_coming_back(
    validated: Path, tmp_path: Path
) -> None:
    path = tmp_path / "recognition.gif"
    assert recognition.main([str(validated), "--images", "3", "--out", str(path)]) == 0
    mistakes = min(1, len(gather(validated).outputs[0].mistakes))
    with Image.open(path) as animation:
        assert sum(1 for _ in ImageSequence.Iterator(animation)) == (SENDING_STEPS + 1) * (3 + mistakes)


def test_the_median_of_the_seeds_is_told(mnist: Path) -> None:
    history = read_history(mnist / "history.json")
    runs = [
        dataclasses.replace(history, seed=seed, test_accuracy=accuracy)
        for seed, accuracy in ((2, 0.9940), (0, 0.9931), (1, 0.9935))
    ]
    lines = seeds.table(runs).splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["0", "1", "2"]
    assert lines[-1] == "median test accuracy of recipe best: 99.35%"


def test_the_runs_of_many_seeds_are_written_and_drawn(mnist: Path, tmp_path: Path) -> None:
    history = read_history(mnist / "history.json")
    paths = []
    for seed, accuracy, dead in ((2, 0.98, 1), (0, 0.979, 2), (1, 0.983, 0), (3, 0.98, 1), (4, 0.98, 1)):
        paths.append(tmp_path / f"{seed}.json")
        dataclasses.replace(history, seed=seed, test_accuracy=accuracy, dead_units=dead).write(paths[-1])
    assert seeds.main([*map(str, paths), "--out", str(tmp_path)]) == 0
    runs = seeds.read_runs(tmp_path / "mnist-best.json").runs
    assert [(run.seed, run.test_accuracy, run.dead_units) for run in runs] == [
        (0, 0.979, 2), (1, 0.983, 0), (2, 0.98, 1), (3, 0.98, 1), (4, 0.98, 1),
    ]  # fmt: skip
    for name in ("accuracies", "curves"):
        with Image.open(tmp_path / f"mnist-best-{name}.png") as picture:
            assert len(np.unique(np.asarray(picture.convert("L")))) > 2
