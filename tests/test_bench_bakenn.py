"""The baseline bakenn: what its flatbuffer needs, and that it computes what the reference runtime
computes."""

from pathlib import Path

import numpy as np
import pytest

from bench.bakenn import FORMS, cut_model, write_sources
from bench.build import build_bare
from bench.surgery import add_reshape_options, cut_softmax
from contract.boards import DEFAULT, board
from contract.errors import UserError
from contract.flatbuffer import parse_model, read_model
from contract.reference import read_reference
from measure.figures import equal_outputs, figures


def test_the_cut_model_ends_with_the_logits(mnist: Path) -> None:
    whole = read_model(mnist / "model.tflite")
    cut = parse_model(cut_softmax(whole.data))
    assert [operator.name for operator in cut.operators] == [one.name for one in whole.operators[:-1]]
    assert cut.outputs == whole.operators[-1].inputs
    assert cut.tensors == whole.tensors


def test_a_model_without_softmax_stays_as_it_is(mnist: Path) -> None:
    cut = cut_softmax((mnist / "model.tflite").read_bytes())
    assert cut_softmax(cut) == cut


def test_added_options_change_nothing_else(mnist: Path) -> None:
    whole = read_model(mnist / "model.tflite")
    with_options = parse_model(add_reshape_options(whole.data))
    assert with_options.operators == whole.operators
    assert with_options.tensors == whole.tensors


def test_the_logits_are_largest_where_the_probabilities_are(mnist: Path, tmp_path: Path) -> None:
    reference = read_reference(mnist / "reference.npz")
    model = cut_model(mnist / "model.tflite", reference.inputs[:50], tmp_path / "cut.tflite")
    best = reference.outputs[:50].argmax(axis=1)
    assert (np.take_along_axis(model.outputs, best[:, None], axis=1)[:, 0] == model.outputs.max(axis=1)).all()


@pytest.mark.parametrize("form", FORMS)
def test_the_baseline_is_built_and_right(form: str, mnist: Path, tmp_path: Path) -> None:
    inputs = read_reference(mnist / "reference.npz").inputs[:3]
    model = cut_model(mnist / "model.tflite", inputs, tmp_path / "cut.tflite")
    sources = write_sources(form, model, tmp_path / form)
    build_bare(sources.generated, tmp_path / "out", "-O3", sources.engine)
    found = figures(tmp_path / "out", inputs, board(DEFAULT))
    assert equal_outputs(found.outputs, model.outputs) == 3
    constants = sum(len(tensor.data or b"") for tensor in read_model(model.flatbuffer).tensors)
    assert constants - 8 <= found.model_bytes < found.flash_bytes  # RESHAPE's shape, 8 bytes, is not needed
    assert ("0 of 7 steps by CMSIS-NN" in sources.note) == (form == "bakenn-portable")


def test_a_model_that_the_baseline_refuses_is_named(mnist: Path, tmp_path: Path) -> None:
    inputs = read_reference(mnist / "reference.npz").inputs[:1]
    model = cut_model(mnist / "model.tflite", inputs, tmp_path / "cut.tflite")
    model.flatbuffer.write_bytes((mnist / "model.tflite").read_bytes())
    with pytest.raises(UserError, match="bakenn refuses the model"):
        write_sources(FORMS[0], model, tmp_path / "out")
