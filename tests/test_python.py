"""The board as a Python object."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

import thimble
from contract.manifest import read_manifest
from contract.reference import read_reference, real_values
from tests.c_build import ROOT
from tests.networks import Network
from tests.test_command import thimble as command
from tests.test_state import stream


@pytest.fixture(scope="module")
def digits(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which thimble deploy digits.tflite was called, for both boards that need no hardware."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "digits.tflite").write_bytes((mnist / "model.tflite").read_bytes())
    for board in ("mps2-an386", "native"):
        done = command(folder, "deploy", "digits.tflite", "--board", board, "--images", "5")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def board(digits: Path) -> Iterator[thimble.Board]:
    with thimble.connect(digits / "digits-thimble" / "native-aot") as connected:
        yield connected


def test_every_example_of_the_docs_runs(digits: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL)
    assert len(examples) >= 4
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(examples)],
        cwd=digits,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = re.findall(r"print\(error\)  # (.*)", "\n".join(examples))
    assert said
    assert all(line in done.stdout for line in said)


def test_answers_are_the_reference_s_in_order(board: thimble.Board, mnist: Path) -> None:
    manifest = read_manifest(mnist / "manifest.json")
    known = read_reference(mnist / "reference.npz").of(np.arange(64))
    answers = list(board.answers(known.inputs))
    np.testing.assert_array_equal([answer.stored["output"] for answer in answers], known.outputs)
    (real,) = real_values(known.outputs, manifest.outputs)
    np.testing.assert_array_equal([answer.output for answer in answers], real)
    assert all(answer.ticks > 0 for answer in answers)


def test_real_numbers_and_stored_ones_are_the_same_inputs(board: thimble.Board, mnist: Path) -> None:
    manifest = read_manifest(mnist / "manifest.json")
    known = read_reference(mnist / "reference.npz").of(np.arange(3))
    (reals,) = real_values(known.inputs, manifest.inputs)
    for stored, real, output in zip(known.inputs, reals, known.outputs, strict=True):
        np.testing.assert_array_equal(board.invoke(stored), output)
        np.testing.assert_array_equal(board.invoke(stored[np.newaxis]), output)
        given = board.invoke(real.astype(np.float64))
        assert given.dtype == np.float32
        np.testing.assert_array_equal(given, (output.astype(np.float32) + 128) / 256)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (np.zeros((28, 28, 1), np.uint8), "not of uint8"),
        (np.zeros((28, 28, 1), np.int64), "not of int64"),
        (np.zeros((28, 28)), "has the shape [28, 28, 1]"),
        (np.full((28, 28, 1), np.nan), "not finite"),
        ({"image": np.zeros((28, 28, 1))}, "inputs are input, not image"),
    ],
)
def test_what_does_not_fit_is_refused(given: object, says: str, board: thimble.Board) -> None:
    with pytest.raises(thimble.UserError) as refused:
        list(board.answers([given]))
    assert says in str(refused.value)
    assert board.invoke(np.zeros((28, 28, 1))).shape == (10,)  # and the board goes on


def test_a_board_is_used_in_its_block(digits: Path, tmp_path: Path) -> None:
    board = thimble.connect(digits / "digits-thimble" / "native-aot")
    with pytest.raises(thimble.UserError, match=r"with thimble\.connect"):
        board.invoke(np.zeros((28, 28, 1)))
    with pytest.raises(thimble.UserError, match="no folder or port"):
        thimble.connect(tmp_path / "nothing")
    with pytest.raises(thimble.UserError, match=r"firmware\.json"):
        thimble.connect(tmp_path)


def test_several_inputs_by_order_and_by_name(tmp_path: Path) -> None:
    network = Network((1, 4), 0.5, 0)
    other = network.activation("right", (1, 4), 0.25, 3)
    left = network.last
    network.tensors[left].name = b"left"
    network.model.subgraphs[0].inputs = [left, other]
    total = network.activation("sum", (1, 4), 0.5, 0)
    network.add(schema.BuiltinOperator.ADD, 2, [left, other], total, "AddOptions", schema.AddOptionsT())
    (tmp_path / "sum.tflite").write_bytes(network.flatbuffer())
    done = command(tmp_path, "deploy", "sum.tflite", "--board", "native", "--images", "5")
    assert done.returncode == 0, done.stderr
    one, two = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 0.5, 0.5, -1.0])
    with thimble.connect(tmp_path / "sum-thimble" / "native-aot") as board:
        names = [tensor.name for tensor in board.info.inputs]
        for given in (board.invoke(one, two), board.invoke(**dict(zip(names, (one, two), strict=True)))):
            np.testing.assert_array_equal(given, [1.5, 2.5, 3.5, 3])
        with pytest.raises(thimble.UserError, match="has 2 inputs, 3"):
            board.invoke(one, two, two)


def test_a_state_goes_on_until_it_is_reset(tmp_path: Path) -> None:
    (tmp_path / "stream.tflite").write_bytes(stream(1).flatbuffer())
    done = command(tmp_path, "deploy", "stream.tflite", "--board", "native", "--images", "20")
    assert done.returncode == 0, done.stderr
    known = read_reference(tmp_path / "stream-thimble" / "reference.npz").of(np.arange(12))
    with thimble.connect(tmp_path / "stream-thimble" / "native-aot") as board:
        assert board.info.stateful
        for _ in range(2):
            given = [next(iter(board.answers([one]))).stored for one in known.inputs]
            outputs = [b"".join(part.tobytes() for part in one.values()) for one in given]
            assert outputs == [one.tobytes() for one in known.outputs]
            board.reset()
