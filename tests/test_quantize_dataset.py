"""What the quantisation stage takes: the dataset, the representative draw, the names of operators."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.errors import UserError
from contract.flatbuffer import read_model
from contract.graph import Model, Operator, Tensor
from quantize.dataset import draw_balanced, read_dataset, read_test_set
from quantize.naming import operator_names
from quantize.ports import Port, Ports

Arrays = dict[str, Any]
IMAGES, CLASSES = 24, 3
PORTS = Ports((Port("input", (4, 4, 1)),), (Port("output", (CLASSES,), ending="softmax"),))


@pytest.fixture
def arrays() -> Arrays:
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (2, IMAGES, 4, 4, 1), dtype=np.uint8)
    labels = np.arange(IMAGES) % CLASSES
    return {"x_train": images[0], "y_train": labels, "x_test": images[1], "y_test": labels}


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[Arrays], Path]:
    def save(arrays: Arrays) -> Path:
        path = tmp_path / "data.npz"
        np.savez(path, **arrays)
        return path

    return save


def read(path: Path) -> Any:
    return read_dataset(path, PORTS)


def test_integer_images_are_divided_by_255(arrays: Arrays, saved: Callable[[Arrays], Path]) -> None:
    data = read(saved(arrays))
    np.testing.assert_array_equal(data.test.images, arrays["x_test"].astype(np.float32) / np.float32(255))
    assert data.test.images.dtype == np.float32


def test_float_images_are_taken_as_they_are(arrays: Arrays, saved: Callable[[Arrays], Path]) -> None:
    arrays |= {name: arrays[name] / 127.5 - 1 for name in ("x_train", "x_test")}
    np.testing.assert_array_equal(read(saved(arrays)).test.images, arrays["x_test"].astype(np.float32))


def test_a_missing_channel_axis_is_added(arrays: Arrays, saved: Callable[[Arrays], Path]) -> None:
    arrays |= {name: arrays[name][..., 0] for name in ("x_train", "x_test")}
    assert read(saved(arrays)).train.images.shape[1:] == (4, 4, 1)


def test_validation_images_train_nothing(arrays: Arrays, saved: Callable[[Arrays], Path]) -> None:
    data = read(saved(arrays | {"validation": np.array([3, 0])}))
    pixels = arrays["x_train"].astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(data.validation.images, pixels[[0, 3]])
    np.testing.assert_array_equal(data.train.images, np.delete(pixels, [0, 3], axis=0))
    np.testing.assert_array_equal(data.train.labels, np.delete(arrays["y_train"], [0, 3]))


def test_without_a_validation_array_a_twelfth_is_set_aside(
    arrays: Arrays, saved: Callable[[Arrays], Path]
) -> None:
    data = read(saved(arrays))
    assert (len(data.train), len(data.validation)) == (22, 2)


def test_the_file_may_name_classes_source_and_hash(arrays: Arrays, saved: Callable[[Arrays], Path]) -> None:
    plain = read(saved(arrays))
    assert (plain.tasks[0].classes, plain.source, plain.sha256) == (("0", "1", "2"), None, None)
    told = read(saved(arrays | {"classes": np.array(["a", "b", "c"]), "source": "here", "sha256": "00"}))
    assert (told.tasks[0].classes, told.source, told.sha256) == (("a", "b", "c"), "here", "00")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_test": None}, "no array named y_test; give the targets of every part"),
        ({"x_test": np.zeros((24, 5, 4, 1), np.uint8)}, r"x_test has the shape \[24, 5, 4, 1\]"),
        ({"x_test": np.zeros((0, 4, 4, 1), np.uint8)}, r"x_test has the shape \[0, 4, 4, 1\]"),
        ({"x_train": np.full((24, 4, 4, 1), 256)}, "integers from 256 to 256"),
        ({"x_train": np.full((24, 4, 4, 1), np.nan)}, "infinities"),
        ({"y_train": np.full(24, 3)}, "labels from 3 to 3; labels must be within 0 to 2"),
        ({"y_train": np.full(24, -1)}, "labels from -1 to -1"),
        ({"y_train": np.zeros(23, int)}, "y_train has 23 rows"),
        ({"y_test": np.zeros((24, 3))}, "numpy.argmax"),
        ({"classes": np.array(["a", "b"])}, "must name the model's 3 classes"),
        ({"validation": np.array([24])}, "outside x_train"),
        ({"validation": np.arange(24)}, "leave some to train on"),
        ({"validation": np.array([0.5])}, "one row of indices"),
        ({"y_train": np.array([None] * 24)}, "cannot be read"),
    ],
)
def test_a_wrong_dataset_is_refused_with_the_reason(
    arrays: Arrays, saved: Callable[[Arrays], Path], change: Arrays, message: str
) -> None:
    changed = {name: array for name, array in (arrays | change).items() if array is not None}
    with pytest.raises(UserError, match=message):
        read(saved(changed))


def test_a_test_set_needs_no_training_images(arrays: Arrays, saved: Callable[[Arrays], Path]) -> None:
    path = saved({"x_test": arrays["x_test"], "y_test": arrays["y_test"]})
    test_set = read_test_set(path, PORTS)
    np.testing.assert_array_equal(test_set.test.labels, arrays["y_test"])
    with pytest.raises(UserError, match="no array named x_train"):
        read(path)


def test_a_file_that_is_missing_or_no_npz_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no"):
        read(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("text")
    with pytest.raises(UserError, match=re.escape("not an .npz file")):
        read(tmp_path / "text.npz")


labels_and_count = st.tuples(
    st.lists(st.integers(0, 4), min_size=1, max_size=60).map(np.array), st.integers(1, 80)
)


@given(labels_and_count, st.integers(0, 9))
def test_the_representative_draw_is_balanced_and_repeats_nothing(
    case: tuple[NDArray[np.int64], int], seed: int
) -> None:
    labels, count = case
    drawn = draw_balanced(labels, count, seed)
    assert len(drawn) == len(set(drawn.tolist())) == min(count, len(labels))
    taken, there = (np.bincount(some, minlength=5) for some in (labels[drawn], labels))
    # A class that is not exhausted has at most one image fewer than any other.
    assert all(taken[k] >= taken.max() - 1 for k in range(5) if taken[k] < there[k])


@given(labels_and_count, st.integers(0, 9))
def test_the_same_seed_draws_the_same_images(case: tuple[NDArray[np.int64], int], seed: int) -> None:
    labels, count = case
    np.testing.assert_array_equal(draw_balanced(labels, count, seed), draw_balanced(labels, count, seed))


def test_another_seed_draws_other_images() -> None:
    labels = np.arange(1000) % 10
    assert set(draw_balanced(labels, 100, 0)) != set(draw_balanced(labels, 100, 1))


def graph(*operators: tuple[str, str]) -> Model:
    """A chain of operators, each given as its kind and the name of its output tensor."""
    tensors = [Tensor(0, "image", "INT8", (1, 4), None, None)]
    chain = []
    for index, (kind, name) in enumerate(operators):
        tensors.append(Tensor(index + 1, name, "INT8", (1, 4), None, None))
        chain.append(Operator(index, kind, 1, (index,), (index + 1,), None))
    return Model(b"", tuple(tensors), tuple(chain), (0,), (len(operators),))


def test_operators_are_named_after_their_keras_layers() -> None:
    model = graph(
        ("CONV_2D", "net_1/layer0x_1/Relu;net_1/layer1x/BiasAdd"),
        ("FULLY_CONNECTED", "net_1/layer2x_1/MatMul"),
        ("SOFTMAX", "StatefulPartitionedCall:0"),
    )
    assert operator_names(model, ("first-conv", "norm", "scores")) == ("first_conv", "scores", "softmax")


def test_a_layer_of_its_own_names_the_last_operator() -> None:
    model = graph(("FULLY_CONNECTED", "layer0x/MatMul"), ("SOFTMAX", "StatefulPartitionedCall:0"))
    assert operator_names(model, ("scores", "likelihood")) == ("scores", "likelihood")


def test_without_layers_operators_are_named_by_kind_and_index(mnist: Path) -> None:
    assert operator_names(read_model(mnist / "model.tflite")) == (
        "conv_0", "pool_1", "conv_2", "pool_3", "reshape_4", "dense_5", "dense_6", "softmax_7",
    )  # fmt: skip


@given(st.lists(st.text(max_size=6), min_size=1, max_size=6))
def test_every_name_is_a_unique_c_identifier(layers: list[str]) -> None:
    layers += ["int", "while", "a-b", "a_b", "3d", "_Hidden", "softmax", "dense"]
    model = graph(*(("FULLY_CONNECTED", f"layer{index}x/MatMul") for index in range(len(layers))))
    names = operator_names(model, tuple(layers))
    assert len(set(names)) == len(layers)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) for name in names)
