"""TensorFlow Lite Micro as an engine: the headers generated for it, and engine.cpp over a fake interpreter.

The real libraries are not here; docs/performance.md says what was measured with them, once and by hand.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from codegen.tflm.arena import SLACK, arena_bytes, arena_header
from codegen.tflm.op_resolver import UMBRELLA_HEADERS, op_resolver_header
from contract.errors import UserError
from contract.flatbuffer import parse_model, read_model
from contract.manifest import read_manifest
from contract.operators import REGISTRY
from contract.protocol import ErrorCode, FrameType
from contract.runtimes import TFLM_ARDUINO, TFLM_CHIRALE
from host.boards.hardware import hardware
from host.errors import BoardError
from host.frames import Frame
from host.session import Session
from quantize.tflm import arena_bytes as recorded_bytes
from tests.c_build import WARNINGS
from tests.networks import Network, classifier, random_weights
from tests.pipeline import run_stage
from tests.session_harness import fake
from tests.session_harness.boards import Client
from tests.sketch import TFLM_HEADERS, assembled, compile_on_host

GENERATOR = np.random.default_rng(5)


def dense_alone() -> Network:
    network = Network((1, 12))
    network.fully_connected(random_weights(GENERATOR, (3, 12)), [0.01], None, scale=0.1, zero_point=0)
    return network


def three_convolutions() -> Network:
    network = Network((1, 16, 16, 1))
    for channels, filters, size in ((1, 4, 3), (4, 8, 5), (8, 6, 1)):
        weights = random_weights(GENERATOR, (filters, size, size, channels))
        network.conv_2d(weights, [0.01], None, scale=0.1, zero_point=0)
    return network


def pooling_and_softmax() -> Network:
    network = Network((1, 8, 8, 3))
    network.max_pool_2d()
    network.max_pool_2d()
    network.reshape((1, 12))
    network.softmax()
    return network


CLASSIFIER = {"CONV_2D", "MAX_POOL_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"}

# The operators of each, and the largest patch of a convolution in values.
NETWORKS: dict[str, tuple[Callable[[], Network], set[str], int]] = {
    "dense": (dense_alone, {"FULLY_CONNECTED"}, 0),
    "convolutions": (three_convolutions, {"CONV_2D"}, 5 * 5 * 4),
    "pooling": (pooling_and_softmax, {"MAX_POOL_2D", "RESHAPE", "SOFTMAX"}, 0),
    "classifier": (lambda: classifier(GENERATOR), CLASSIFIER, 3 * 3 * 2),
}


# ---- the op resolver ----
@pytest.mark.parametrize("library", UMBRELLA_HEADERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_op_resolver_registers_each_operator_of_the_model_once_and_no_other(
    name: str, library: str, tmp_path: Path
) -> None:
    """The fake resolver, as the real one, refuses an operator twice and one more than it was made for."""
    build, operators, _ = NETWORKS[name]
    header = op_resolver_header(parse_model(build().flatbuffer()), name, library)
    assert f"MicroMutableOpResolver<{len(operators)}>" in header
    assert sorted(re.findall(r"resolver\.(\w+)\(\)", header)) == sorted(
        REGISTRY[each].resolver_method for each in operators
    )
    (tmp_path / "op_resolver.h").write_text(header)
    finds = " && ".join(f"resolver.FindOp(tflite::BuiltinOperator_{each})" for each in sorted(operators))
    (tmp_path / "main.cpp").write_text(
        '#include "op_resolver.h"\n'
        f"int main() {{ OpResolver resolver; return register_operators(resolver) && {finds} ? 0 : 1; }}\n"
    )
    compile_cpp(tmp_path / "main.cpp", "-o", str(tmp_path / "main"))
    subprocess.run([tmp_path / "main"], check=True, timeout=10)


def test_every_operator_that_the_libraries_are_given_can_be_registered() -> None:
    for library in (TFLM_ARDUINO, TFLM_CHIRALE):
        assert {"CONV_2D", "FULLY_CONNECTED"} <= set(library.operators)
        assert all(REGISTRY[name].resolver_method.startswith("Add") for name in library.operators)


@pytest.mark.parametrize(("library", "header"), UMBRELLA_HEADERS.items())
def test_the_librarys_own_header_is_the_first_include(library: str, header: str, mnist: Path) -> None:
    text = op_resolver_header(read_model(mnist / "model.tflite"), "mnist", library)
    assert re.findall(r"#include <(.+)>", text)[0] == header


# ---- the arena ----
@pytest.mark.parametrize("name", NETWORKS)
def test_the_arena_holds_what_was_recorded_the_board_s_scratch_and_slack(name: str) -> None:
    build, _, patch_values = NETWORKS[name]
    model = parse_model(build().flatbuffer())
    recorded = recorded_bytes(model)
    size = arena_bytes(model, recorded)
    assert size % 16 == 0
    assert 0 <= size - (recorded + SLACK + 2 * 2 * patch_values) < 16
    header = arena_header(model, name, recorded)
    assert f"arena_recorded_bytes = {recorded};" in header
    assert f"arena_bytes = {size};" in header


def test_without_a_manifest_there_is_no_arena_and_nothing_is_written(mnist: Path, tmp_path: Path) -> None:
    from codegen.__main__ import main

    with pytest.raises(UserError, match="give --manifest"):
        main(["--tflite", str(mnist / "model.tflite"), "--engine", "tflm", "--out", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


# ---- the engine ----
@pytest.fixture(scope="module")
def sketch(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tflm")
    generated = folder / "generated"
    model = ("--tflite", mnist / "model.tflite", "--manifest", mnist / "manifest.json")
    run_stage("codegen", *model, "--engine", "tflm", "--out", generated)
    return assembled(generated, folder / "nano33ble-tflm", "ENGINE=tflm")


def compile_cpp(*arguments: str | Path) -> None:
    flags = ("-std=gnu++14", "-fno-exceptions", "-fno-rtti", *WARNINGS, f"-isystem{TFLM_HEADERS}")
    command = ["g++", *flags, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("file", "constant", "complaint"),
    [
        ("arena.h", "arena_bytes", "the tensor arena is larger than the board's RAM"),
        ("model_data.h", "model_data_bytes", "the flatbuffer is larger than the board's flash"),
    ],
)
def test_what_does_not_fit_the_board_does_not_compile(
    file: str, constant: str, complaint: str, sketch: Path, tmp_path: Path
) -> None:
    for path in (sketch / "src").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    compile_cpp("-fsyntax-only", tmp_path / "engine.cpp")
    text = (tmp_path / file).read_text()
    (tmp_path / file).write_text(re.sub(rf"({constant} =) \d+;", r"\1 983041;", text))
    with pytest.raises(AssertionError, match=complaint):
        compile_cpp("-fsyntax-only", tmp_path / "engine.cpp")


@contextmanager
def board(sketch: Path, fault: str = "") -> Iterator[str]:
    """The port of the sketch, run on the host with a fault of the fake interpreter."""
    environment = {**os.environ, "FAKE_TFLM": fault}
    program = compile_on_host(sketch)
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[1]
        finally:
            process.terminate()
    assert process.returncode == 0  # a sanitizer would have ended it otherwise


INPUTS = [bytes([value]) * fake.INPUT_BYTES for value in range(60)]


def test_it_runs_the_model_that_it_says(sketch: Path, mnist: Path) -> None:
    with board(sketch) as port, hardware(port) as line:
        session = Session(line)
        hello = session.hello()
        assert (hello.engine, hello.sha256) == ("tflm", read_manifest(mnist / "manifest.json").sha256)
        answers = list(session.infer(INPUTS, hello))
    assert [answer.output for answer in answers] == [fake.fake_output(data) for data in INPUTS]
    assert (session.retries, session.noise_text) == (0, "")


def arena_message(mnist: Path) -> str:
    recorded = read_manifest(mnist / "manifest.json").arena_bytes
    size = arena_bytes(read_model(mnist / "model.tflite"), recorded)
    return f"AllocateTensors failed: the arena has {size} bytes, {recorded} were recorded"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("schema", "the flatbuffer has schema version 4, the library reads 3"),
        ("operator", "operator LOGISTIC is not in op_resolver.h; run codegen again"),
        ("arena", ""),
        ("output", "the flatbuffer's tensors are not those of model_info.c; run codegen again"),
    ],
)
def test_an_engine_that_cannot_start_names_the_cause_to_whoever_asks(
    fault: str, message: str, sketch: Path, mnist: Path
) -> None:
    with board(sketch, fault) as port, hardware(port) as line:
        with pytest.raises(BoardError) as caught:
            Session(line).hello()
        answer = Client(line.fileno()).ask(Frame(FrameType.INFER, 7, INPUTS[0]))
    assert (message or arena_message(mnist)) in str(caught.value)
    assert (answer.type, answer.sequence, answer.body[0]) == (FrameType.ERROR, 7, ErrorCode.ENGINE_FAILED)


def test_an_inference_that_fails_is_shown_with_what_the_library_logged_and_the_next_one_runs(
    sketch: Path,
) -> None:
    with board(sketch) as port, hardware(port) as line:
        session = Session(line)
        hello = session.hello()
        with pytest.raises(BoardError) as caught:
            list(session.infer([INPUTS[1], fake.REFUSED], hello))
        assert "Invoke failed in an operator" in str(caught.value)
        assert "text on the line: node CONV_2D (number 0) failed to run" in str(caught.value)
        assert "after 1 of 2 images" in str(caught.value)
        Client(line.fileno()).infer(1000, INPUTS[2])


def test_text_between_the_answers_costs_no_image(sketch: Path) -> None:
    with board(sketch, "chatter") as port, hardware(port) as line:
        session = Session(line)
        answers = list(session.infer(INPUTS, session.hello()))
    assert [answer.output for answer in answers] == [fake.fake_output(data) for data in INPUTS]
    assert session.retries == 0
    assert "the library says hello" in session.noise_text
