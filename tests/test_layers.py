"""Layers on a board: an inference call by call, what each call writes and costs; a broken kernel is found."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from codegen.generate import generate
from contract.boards import FOLDER, board
from contract.c_interface import INSPECTED
from contract.firmware import Firmware
from contract.flatbuffer import read_model
from contract.layer_map import LayerMap, read_layer_map
from contract.profile import read_profile
from contract.protocol import LOADED_BODY, READ_BODY, STEP_BODY, STEPPED_BODY, FrameType
from contract.reference import read_reference
from contract.tensors import read_tensors
from host.boards import open_board
from host.errors import BoardError
from host.inspection import inference, memory
from host.session import Session
from quantize.stage import given
from quantize.tensors import tensors_of
from tests.networks import classifier
from tests.test_command import thimble
from tests.test_graphs import random_graph
from tests.test_state import stream
from thimble.commands import build
from thimble.commands.build import INSPECT, UNFUSED, Tuning, built
from thimble.commands.layers import board_values, compare, first_wrong
from thimble.workspace import Workspace


@pytest.fixture(scope="module")
def digits(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("digits")
    for name in ("model.tflite", "manifest.json", "reference.npz"):
        shutil.copy(mnist / name, folder)
    return Workspace(folder)


@pytest.fixture(scope="module")
def image(digits: Workspace) -> tuple[Path, Firmware]:
    return built(digits, board("native"), Tuning(), INSPECT)


# ---- the protocol ----
def test_an_inference_in_pieces_gives_the_same_answer(
    digits: Workspace, image: tuple[Path, Firmware]
) -> None:
    folder, firmware = image
    layer_map = read_layer_map(folder)
    known = read_reference(digits.reference).of(np.arange(4))
    with open_board(firmware, folder, None) as opened:
        session = Session(opened)
        hello = session.hello()
        for one, output in zip(known.inputs, known.outputs, strict=True):
            steps = list(inference(session, layer_map, one.tobytes(), read=True))
            assert [step.call for step in steps] == list(range(len(layer_map.calls)))
            assert list(steps[-1].outputs.values()) == [output.tobytes()]
            (answer,) = session.infer([one.tobytes()], hello)  # and in one piece, in between
            assert answer.output == output.tobytes()


def test_a_call_runs_once_and_in_its_order(image: tuple[Path, Firmware]) -> None:
    folder, firmware = image
    calls = len(read_layer_map(folder).calls)
    with open_board(firmware, folder, None) as opened:
        session = Session(opened)
        with pytest.raises(BoardError, match="lost its place"):
            session.ask(FrameType.STEP, STEP_BODY.pack(0), FrameType.STEPPED)  # before a LOAD
        data = bytes(session.hello().input_bytes)
        _, stated = LOADED_BODY.unpack(session.ask(FrameType.LOAD, data, FrameType.LOADED))
        assert stated == calls
        once = session.ask(FrameType.STEP, STEP_BODY.pack(0), FrameType.STEPPED)
        assert session.ask(FrameType.STEP, STEP_BODY.pack(0), FrameType.STEPPED) == once  # repeated, not run
        assert STEPPED_BODY.unpack(once)[0] == 0
        for wrong in (2, calls, 2**32 - 1):
            with pytest.raises(BoardError, match="lost its place"):
                session.ask(FrameType.STEP, STEP_BODY.pack(wrong), FrameType.STEPPED)
        session.infer([data], session.hello())
        with pytest.raises(BoardError, match="another length"):
            session.ask(FrameType.READ, READ_BODY.pack(0, 2**32 - 1), FrameType.BYTES_READ)
        assert len(memory(session, 3, 5000)) == 5000


def test_an_image_without_inspection_says_so(digits: Workspace) -> None:
    folder, firmware = built(digits, board("native"), Tuning("portable"))
    with (
        open_board(firmware, folder, None) as opened,
        pytest.raises(BoardError, match="shows no layers"),
    ):
        list(inference(Session(opened), read_layer_map(folder), bytes(784), read=False))


# ---- what layers hold ----
@pytest.mark.parametrize("form", [INSPECT, UNFUSED])
@pytest.mark.parametrize("seed", range(6))
def test_every_tensor_on_the_board_is_the_reference_s(seed: int, form: str, tmp_path: Path) -> None:
    network = stream(seed) if seed % 3 == 2 else random_graph(seed)
    path = tmp_path / "given.tflite"
    path.write_bytes(network.flatbuffer())
    given(path, None, "any", "own", 0, "aot", tmp_path)
    workspace, model = Workspace(tmp_path), read_model(path)
    tensors_of(model, tmp_path, [0, 1, 2], None).write(tmp_path)
    goal = "portable" if form == UNFUSED else "speed"
    layer_map, found = board_values(workspace, board("native"), Tuning(goal), form, None, [0, 1, 2])
    rows = compare(model, layer_map, found, read_tensors(tmp_path))
    assert first_wrong(rows) is None
    assert sum(not row.note for row in rows) > 0
    assert {row.tensor for row in rows} == {one for operator in model.operators for one in operator.outputs}


def test_a_broken_kernel_is_found_by_the_name_of_its_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "given.tflite"
    path.write_bytes(classifier(np.random.default_rng(4)).flatbuffer())
    given(path, None, "net", "own", 0, "aot", tmp_path)
    firmware = shutil.copytree(FOLDER.parent, tmp_path / "firmware")
    monkeypatch.setattr(build, "FIRMWARE", firmware)
    kernel = firmware / "engines" / "aot" / "kernels" / "max_pool_2d.h"
    text = kernel.read_text()
    wrong = "(int8_t)(greatest + (x == 1 && channel == 0))"
    right = "(int8_t)(greatest < pool->maximum ? greatest : pool->maximum)"
    assert right in text
    kernel.write_text(text.replace(right, wrong))
    model = read_model(path)
    tensors_of(model, tmp_path, [3], None).write(tmp_path)
    layer_map, found = board_values(
        Workspace(tmp_path), board("native"), Tuning("portable"), UNFUSED, None, [3]
    )
    rows = compare(model, layer_map, found, read_tensors(tmp_path))
    wrong_layer = first_wrong(rows)
    assert wrong_layer is not None
    assert wrong_layer.layer == "pool_1"
    assert wrong_layer.first is not None
    assert (wrong_layer.first.input, wrong_layer.first.element[-2:]) == (3, (1, 0))
    assert wrong_layer.first.board == wrong_layer.first.reference + 1


def test_tensors_that_were_written_are_taken_as_they_are(mnist: Path, tmp_path: Path) -> None:
    """As on a machine without the reference runtime: here the file has another number."""
    for name in ("model.tflite", "manifest.json", "reference.npz"):
        shutil.copy(mnist / name, tmp_path)
    known = tensors_of(read_model(tmp_path / "model.tflite"), tmp_path, [4], None)
    last = max(known.stored)
    known.stored[last][0, 0, 0] ^= 1
    known.write(tmp_path)
    done = thimble(tmp_path, "layers", tmp_path, "--board", "native", "--inputs", "4")
    assert done.returncode == 1
    assert "first difference: layer softmax, input 4, element [0, 0]" in done.stdout
    assert thimble(tmp_path, "layers", tmp_path, "--board", "native", "--inputs", "5").returncode == 0


def test_removed_channels_and_fused_layers_are_marked(mnist: Path, tmp_path: Path) -> None:
    for name in ("model.tflite", "manifest.json", "reference.npz"):
        shutil.copy(mnist / name, tmp_path)
    done = thimble(tmp_path, "layers", tmp_path, "--board", "native", "--inputs", "0", "9999", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["layer"]: row for row in json.loads(done.stdout)}
    assert rows["conv_1"]["note"] == "not made: computed with conv_1 + pool_1"
    assert rows["pool_1"]["elements"] == 2 * 14 * 14 * 8
    done = thimble(tmp_path, "layers", tmp_path, "--board", "native", "--unfused")
    assert done.returncode == 0, done.stderr
    assert "equal: " in done.stdout
    assert "conv_1  " in done.stdout


# ---- what layers cost ----
def test_a_profile_adds_up_to_the_inference(digits: Workspace, tmp_path: Path) -> None:
    done = thimble(tmp_path, "profile", digits.folder)
    assert done.returncode == 0, done.stderr
    found = read_profile(digits.folder / "mps2-an386-aot")
    layer_map: LayerMap = read_layer_map(digits.folder / "mps2-an386-aot-inspect")
    assert [layer.layer for layer in found.layers] == [call.title for call in layer_map.calls]
    counted = sum(layer.instructions or 0 for layer in found.layers)
    assert counted == pytest.approx(149_806, rel=0.01)  # bench/committed.json
    assert sum(layer.ticks for layer in found.layers) == pytest.approx(counted, rel=0.02)
    assert sum(layer.multiply_accumulates for layer in found.layers) == layer_map.multiply_accumulates
    assert all((layer.cycles_estimate or 0) >= (layer.instructions or 0) for layer in found.layers)


def test_the_inspected_code_is_what_codegen_says(mnist: Path, tmp_path: Path) -> None:
    generate(mnist / "model.tflite", mnist / "manifest.json", "aot", "chirale", tmp_path, interface=INSPECTED)
    assert "#define MODEL_CALLS 5" in (tmp_path / "model.h").read_text()
    assert "void model_step(uint32_t call)" in (tmp_path / "model.c").read_text()
