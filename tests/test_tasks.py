"""What an output means is found out from its targets; what its answers are worth, from their definitions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as drawn_arrays
from numpy.typing import NDArray

from contract.errors import UserError
from contract.scores import (
    LOSSLESS_DB,
    answers,
    area_under_curve,
    fidelity,
    points_lost,
    right,
    score_text,
    scores,
)
from contract.task import BINARY, CLASSIFICATION, RECONSTRUCTION, REGRESSION, UNKNOWN, Task
from quantize.dataset import read_dataset, read_representative, read_test_set
from quantize.ports import SIGMOID, SOFTMAX, Port, Ports
from quantize.tasks import task_of, with_cut

REALS = st.floats(-100, 100, width=32)
VECTORS = st.integers(2, 40).flatmap(
    lambda count: st.tuples(*[drawn_arrays(np.float32, count, elements=REALS)] * 2)
)


def ports(output: tuple[int, ...], ending: str = "", input: tuple[int, ...] = (6,)) -> Ports:
    return Ports((Port("input", input),), (Port("output", output, ending=ending),))


INTEGERS = np.array([0, 2, 1, 2])
ONE_HOT = np.eye(3)[INTEGERS]


@pytest.mark.parametrize(
    ("targets", "output", "ending", "task"),
    [
        (INTEGERS, (3,), SOFTMAX, CLASSIFICATION),
        (INTEGERS, (3,), "", CLASSIFICATION),  # logits
        (INTEGERS[:, np.newaxis], (3,), SOFTMAX, CLASSIFICATION),
        (INTEGERS.astype(np.float32), (3,), SOFTMAX, CLASSIFICATION),
        (ONE_HOT, (3,), SOFTMAX, CLASSIFICATION),
        (ONE_HOT, (3,), "", CLASSIFICATION),
        (ONE_HOT, (3,), SIGMOID, BINARY),  # several labels, of which one is set by chance
        (np.zeros((4, 5), int), (5, 3), SOFTMAX, CLASSIFICATION),  # one a step
        (np.array([0, 1, 1, 0]), (1,), SIGMOID, BINARY),
        (np.array([0, 1, 1, 0]), (1,), "", BINARY),  # a logit
        (np.array([0.0, 1, 1, 0]), (1,), SIGMOID, BINARY),
        (np.array([0.0, 1, 1, 0]), (1,), "", REGRESSION),
        (np.array([True, False, True, True]), (1,), "", BINARY),
        (np.array([3, 70, 18, 5]), (1,), "", REGRESSION),
        (np.array([0.3, 1.7, 0, 1]), (1,), SIGMOID, REGRESSION),
        (np.linspace(0, 1, 12).reshape(4, 3), (3,), "", REGRESSION),
        (None, (3,), "", UNKNOWN),
        (None, (6,), "", RECONSTRUCTION),
        (None, (6,), SOFTMAX, UNKNOWN),
        (np.array([0, 1, 0, 0]), (6,), "", RECONSTRUCTION),
        (np.array([0, 1, 0, 0]), (6,), SOFTMAX, CLASSIFICATION),
        (np.array([0, 5, 0, 3]), (6,), "", CLASSIFICATION),
    ],
)
def test_the_task_follows_from_targets_and_output(
    targets: NDArray[Any] | None, output: tuple[int, ...], ending: str, task: str
) -> None:
    found = ports(output, ending)
    assert task_of(found, found.outputs[0], targets) == task
    assert task_of(found, found.outputs[0], targets, REGRESSION) == REGRESSION


@given(VECTORS)
def test_the_scores_of_a_regression_are_their_definitions(pair: tuple[NDArray[Any], NDArray[Any]]) -> None:
    targets, outputs = pair
    found = scores(Task(REGRESSION), outputs, targets)
    errors = outputs.astype(float) - targets
    assert found["rmse"] == pytest.approx(np.sqrt((errors**2).mean()))
    assert found["mae"] == pytest.approx(np.abs(errors).mean())
    assume(np.ptp(targets) > 1e-3)
    best = ((targets.astype(float) - targets.mean(dtype=float)) ** 2).sum()
    assert found["r2"] == pytest.approx(1 - (errors**2).sum() / best, rel=1e-5, abs=1e-5)
    assert scores(Task(REGRESSION), targets, targets)["r2"] == 1


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_the_area_under_the_curve_is_the_share_of_ordered_pairs(pairs: list[tuple[int, bool]]) -> None:
    values, labels = np.array([v for v, _ in pairs], float), np.array([int(b) for _, b in pairs])
    assume(0 < labels.sum() < len(labels))
    ordered = [
        1.0 if one > zero else 0.5 if one == zero else 0.0
        for one in values[labels == 1]
        for zero in values[labels == 0]
    ]
    assert area_under_curve(values, labels) == pytest.approx(np.mean(ordered))


@given(VECTORS)
def test_fidelity_is_that_of_the_errors(pair: tuple[NDArray[Any], NDArray[Any]]) -> None:
    exact, outputs = pair
    near = fidelity(outputs, exact)
    errors = np.abs(outputs.astype(float) - exact)
    assert near.largest == errors.max()
    assert near.mae <= near.rmse * (1 + 1e-9) + 1e-12
    assert near.rmse <= near.largest * (1 + 1e-9)
    assert -1 - 1e-9 <= near.cosine <= 1 + 1e-9
    assert (near.snr_db == LOSSLESS_DB) == (not errors.any())
    same = fidelity(exact, exact)
    assert (same.rmse, same.cosine, same.snr_db) == (0, 1, LOSSLESS_DB)


def test_each_task_reads_its_answers() -> None:
    row = np.array([[0.1, 0.9], [0.5, 0.5]])
    assert answers(Task(CLASSIFICATION, ("a", "b")), row).tolist() == [1, 0]
    one = np.array([[0.5], [0.51]])
    assert answers(Task(BINARY, cut=0.5), one).ravel().tolist() == [0, 1]
    assert answers(Task(BINARY), one).ravel().tolist() == [1, 1]
    assert right(Task(BINARY, cut=0.5), one, np.array([0, 0])).ravel().tolist() == [True, False]
    with pytest.raises(ValueError, match="none of classification"):
        Task("guess")


def test_an_anomaly_is_no_part_of_the_error_that_a_reconstruction_should_have() -> None:
    targets = np.array([[1.0, 1], [2, 2], [0, 0]])
    outputs = np.array([[1.0, 1], [2, 2], [9, 9]])
    found = scores(Task(RECONSTRUCTION), outputs, targets, np.array([0, 0, 1]))
    assert found == {"rmse": 0.0, "mae": 0.0, "auc": 1.0}
    assert set(scores(Task(RECONSTRUCTION), outputs, targets)) == {"rmse", "mae"}
    assert score_text(found) == "RMSE 0  MAE 0  AUC 1"


def test_the_points_lost_are_those_of_the_task() -> None:
    classes = Task(CLASSIFICATION, ("a", "b"))
    assert points_lost(classes, {"accuracy": 0.9}, {"accuracy": 0.925}, np.zeros(3)) == 2.5
    targets = np.array([0.0, 2.0])  # a standard deviation of 1
    assert points_lost(Task(REGRESSION), {"rmse": 0.3}, {"rmse": 0.25}, targets) == 5
    assert points_lost(Task(REGRESSION), {"rmse": 0.3}, {"rmse": 0.25}, np.ones(3)) is None
    assert points_lost(Task(RECONSTRUCTION), {"auc": 0.9, "rmse": 9}, {"auc": 0.91, "rmse": 1}, targets) == 1
    assert points_lost(Task(UNKNOWN), {}, {}, None) is None


def test_probabilities_that_no_sigmoid_makes_are_cut_at_one_half() -> None:
    logit = Task(BINARY, ("no", "yes"))
    assert with_cut(logit, np.array([0.0, 0.4, 1.0])).cut == 0.5
    assert with_cut(logit, np.array([-0.1, 0.4])).cut == 0
    assert with_cut(Task(REGRESSION), np.array([0.1])).cut == 0


def read_with(tmp_path: Path, found: Ports, asked: str = "auto", **arrays: Any) -> Any:
    np.savez(tmp_path / "data.npz", **arrays)
    return read_test_set(tmp_path / "data.npz", found, asked)


def test_anomalies_may_stand_in_a_column(tmp_path: Path) -> None:
    data = read_with(tmp_path, ports((6,)), x_test=np.ones((3, 6)), y_test=np.array([[0], [1], [0]]))
    assert (data.tasks[0].kind, data.test.anomalies.tolist()) == (RECONSTRUCTION, [0, 1, 0])
    with pytest.raises(UserError, match="of an autoencoder says for each of the 3 inputs"):
        read_with(tmp_path, ports((6,)), RECONSTRUCTION, x_test=np.ones((3, 6)), y_test=np.ones((3, 6)) / 2)


def test_a_reconstruction_has_the_shape_of_its_input(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\[3\] comes out of \[6\]; TASK=regression"):
        read_with(tmp_path, ports((3,)), RECONSTRUCTION, x_test=np.ones((3, 6)))


def test_images_to_be_made_are_scaled_like_those_that_go_in(tmp_path: Path) -> None:
    found = ports((2, 2, 1), input=(4, 4, 1))
    pixels = np.array([[[0, 51], [102, 255]]], np.uint8)
    data = read_with(tmp_path, found, x_test=np.zeros((1, 4, 4), np.uint8), y_test=pixels)
    assert data.tasks[0].kind == REGRESSION
    assert data.test.targets[0].ravel().tolist() == pytest.approx([0, 0.2, 0.4, 1])


@pytest.mark.parametrize("targets", [np.array(3), np.zeros((0, 3))])
def test_targets_that_are_no_rows_are_refused(tmp_path: Path, targets: NDArray[Any]) -> None:
    with pytest.raises(UserError, match="y_test is empty"):
        read_with(tmp_path, ports((3,)), x_test=np.ones((3, 6)), y_test=targets)


def test_text_as_labels_is_refused_with_the_way_to_number_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"targets must be numbers .*return_inverse"):
        read_with(tmp_path, ports((3,)), x_test=np.ones((3, 6)), y_test=np.array(["a", "b", "c"]))


def test_numbers_beyond_the_rows_of_an_embedding_are_refused(tmp_path: Path) -> None:
    found = Ports((Port("words", (4,), takes_integers=True, rows=10),), (Port("output", (3,)),))
    with pytest.raises(UserError, match="from 0 to 10; an Embedding of 10 rows takes whole ones from 0 to 9"):
        read_with(tmp_path, found, x_test=np.array([[0, 3, 9, 10]]))


# ---- the arrays of several inputs and outputs ----
SEVERAL = Ports(
    (Port("audio", (4, 2)), Port("level", (1,))),
    (Port("word", (3,), ending=SOFTMAX), Port("gain", (1,))),
)


def saved(tmp_path: Path, **changes: Any) -> Path:
    rng = np.random.default_rng(0)
    stored: dict[str, Any] = {}
    for half, count in (("train", 24), ("test", 6)):
        stored |= {
            f"x_{half}_audio": rng.normal(size=(count, 4, 2)),
            f"x_{half}_level": rng.normal(size=count),
            f"y_{half}_word": np.arange(count) % 3,
            f"y_{half}_gain": rng.normal(size=(count, 1)),
        }
    stored |= changes
    path = tmp_path / "data.npz"
    np.savez(path, **{name: array for name, array in stored.items() if array is not None})
    return path


def test_arrays_are_found_by_the_names_of_inputs_and_outputs(tmp_path: Path) -> None:
    data = read_dataset(saved(tmp_path, classes_word=np.array(["yes", "no", "stop"])), SEVERAL)
    assert [one.shape for one in data.train.inputs] == [(22, 4, 2), (22, 1)]
    assert [one.shape for one in data.test.inputs] == [(6, 4, 2), (6, 1)]
    assert [task.kind for task in data.tasks] == [CLASSIFICATION, REGRESSION]
    assert data.tasks[0].classes == ("yes", "no", "stop")
    word, gain = data.test.targets
    assert word is not None
    assert gain is not None
    assert (word.tolist(), gain.shape) == ([0, 1, 2, 0, 1, 2], (6, 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_test_level": None, "x_train_audio": None}, "no array named x_train_audio, x_test_level; write"),
        ({"x_test_level": np.zeros(5)}, "x_test_level has 5 rows and x_test_audio 6"),
        ({"y_test_word": np.arange(6)}, "labels from 0 to 5; labels must be within 0 to 2"),
        ({"y_test_gain": None}, "no array named y_test_gain; give the targets of every part"),
        ({"y_train_gain": np.full(24, np.nan)}, "y_train_gain holds infinities"),
        ({"y_train_gain": np.zeros((24, 2))}, r"y_train_gain has the shape \[24, 2\]; a regression"),
        ({"x_test_audio": np.full((6, 4, 2), "loud")}, "x_test_audio is of type <U4"),
    ],
)
def test_what_is_wrong_with_one_of_several_arrays_is_said_by_its_name(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        read_dataset(saved(tmp_path, **changes), SEVERAL)


def test_targets_may_be_missing_altogether(tmp_path: Path) -> None:
    path = saved(tmp_path, y_train_word=None, y_test_word=None, y_train_gain=None, y_test_gain=None)
    data = read_dataset(path, SEVERAL)
    assert [task.kind for task in data.tasks] == [UNKNOWN, UNKNOWN]
    assert data.test.targets == (None, None)


def test_a_task_that_is_asked_for_must_fit(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, x_test=np.zeros((4, 6)), y_test=np.array([0.5, 1, 0, 2]))
    assert read_test_set(path, ports((1,))).tasks[0].kind == REGRESSION
    with pytest.raises(UserError, match=r"other values than 0 and 1; .*TASK=regression"):
        read_test_set(path, ports((1,)), BINARY)
    with pytest.raises(UserError, match=r"is of type float64; .*TASK=regression"):
        read_test_set(path, ports((3,), SOFTMAX), CLASSIFICATION)
    np.savez(path, x_test=np.zeros((4, 6)), y_test=np.zeros(4, int))
    with pytest.raises(UserError, match=r"a classification needs an output for each class.*TASK=binary"):
        read_test_set(path, ports((1,)), CLASSIFICATION)


def test_an_own_representative_dataset_needs_inputs_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, x_train_audio=np.ones((5, 4, 2)), x_train_level=np.ones(5))
    audio, level = read_representative(path, SEVERAL)
    assert (audio.shape, level.shape) == ((5, 4, 2), (5, 1))
    with pytest.raises(UserError, match="no array named x_train"):
        read_representative(path, ports((3,)))


@pytest.mark.parametrize(
    ("port", "values", "expected"),
    [
        (Port("x", (2, 2, 1)), np.array([[[0, 255], [51, 102]]]), [0, 1, 0.2, 0.4]),
        (Port("x", (2, 2, 1), takes_integers=True), np.array([[[0, 255], [51, 102]]]), [0, 255, 51, 102]),
        (Port("x", (4,)), np.array([[0, 255, 51, 1000]]), [0, 255, 51, 1000]),  # a row of features
        (Port("x", (4,)), np.array([[0, 255, 51, 102]], np.uint8), [0, 1, 0.2, 0.4]),  # flat pixels
        (Port("x", (4,)), np.array([[0.0, 255, 51, -3]]), [0, 255, 51, -3]),
    ],
)
def test_integers_are_divided_by_255_where_they_are_pixels(
    tmp_path: Path, port: Port, values: NDArray[Any], expected: list[float]
) -> None:
    path = tmp_path / "data.npz"
    np.savez(path, x_test=values)
    (found,) = read_test_set(path, Ports((port,), (Port("y", (3,)),))).test.inputs
    assert found.ravel().tolist() == pytest.approx(expected)
