"""Flatbuffers that mean harm: one line and exit code 2, soon, with little memory, before TensorFlow is
imported and with nothing half-written."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from tests.hostile import accepted, refused
from tests.networks import Network, classifier, random_weights


def codegen(path: Path) -> list[object]:
    return ["codegen", "--tflite", path, "--out", path.parent / "generated"]


def quantize(path: Path) -> list[object]:
    return ["quantize", "--tflite", path, "--out", path.parent / "quantised"]


def check(path: Path) -> list[object]:
    return ["thimble", "check", path]


COMMANDS = (codegen, quantize, check)
Command = Callable[[Path], list[object]]


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def written(folder: Path, flatbuffer: bytes) -> Path:
    path = folder / "hostile.tflite"
    path.write_bytes(flatbuffer)
    return path


def buffers_at_one_place(generator: np.random.Generator) -> bytes:
    """20,000 buffers that are the same 200,000 bytes."""
    network = classifier(generator)
    large = schema.BufferT()
    large.data = np.zeros(200_000, np.uint8)
    network.model.buffers.append(large)
    first = len(network.model.buffers) - 1
    for _ in range(20_000):
        empty = schema.BufferT()
        empty.data = None
        network.model.buffers.append(empty)
    data = bytearray(network.flatbuffer())
    (root,) = struct.unpack_from("<I", data)
    vtable = root - struct.unpack_from("<i", data, root)[0]
    field = root + struct.unpack_from("<H", data, vtable + 4 + 2 * 4)[0]
    vector = field + struct.unpack_from("<I", data, field)[0]
    (count,) = struct.unpack_from("<I", data, vector)
    places = range(vector + 4 + 4 * first, vector + 4 + 4 * count, 4)
    table = places[0] + struct.unpack_from("<I", data, places[0])[0]
    for place in places:
        struct.pack_into("<I", data, place, (table - place) & 0xFFFFFFFF)
    return bytes(data)


def shaped(shape: list[int]) -> Callable[[np.random.Generator], bytes]:
    """A network with a tensor of this shape that nothing reads."""

    def build(generator: np.random.Generator) -> bytes:
        network = classifier(generator)
        network.activation("huge", np.array(shape, np.int32), 1.0, 0)  # type: ignore[arg-type]
        return network.flatbuffer()

    return build


def input_of_100_001_dimensions(generator: np.random.Generator) -> bytes:
    network = classifier(generator)
    network.tensors[0].shape = np.ones(100_001, np.int32)
    return network.flatbuffer()


def forged_name(generator: np.random.Generator) -> bytes:
    network = classifier(generator)
    network.tensors[0].name = "x\r\nerror: all is well\x1b[2J\u202e"
    network.tensors[0].type = schema.TensorType.FLOAT16
    return network.flatbuffer()


def name_of_a_megabyte(generator: np.random.Generator) -> bytes:
    network = classifier(generator)
    network.tensors[0].name = "x" * 1_000_000
    network.tensors[0].type = schema.TensorType.FLOAT16
    return network.flatbuffer()


def far_taps(dilation: int) -> Callable[[np.random.Generator], bytes]:
    def build(generator: np.random.Generator) -> bytes:
        network = Network((1, 6, 6, 2))
        weights = random_weights(generator, (4, 3, 3, 2))
        network.conv_2d(weights, [0.1], None, 0.1, 0, padding="SAME", dilation=(dilation, 1))
        return network.flatbuffer()

    return build


HARMFUL: dict[str, tuple[Callable[[np.random.Generator], bytes], str]] = {
    "buffers that are one place": (buffers_at_one_place, "lie over each other"),
    "a thousand dimensions": (shaped([2**31 - 1] * 1000), "1,000 dimensions"),
    "31 bits in each dimension": (shaped([2**31 - 1] * 30), "needs more than 2,147,483,647 bytes"),
    "a shape of 400 KB": (input_of_100_001_dimensions, "100,001 dimensions"),
    "a name that acts": (forged_name, r"(x\r\nerror: all is well\x1b[2J\u202e)"),
    "a name of a megabyte": (name_of_a_megabyte, "xxx...xxx"),
    "dilation 2^31 - 1": (far_taps(2**31 - 1), "which TensorFlow Lite Micro cannot count"),
    "dilation 2^30": (far_taps(2**30), "which TensorFlow Lite Micro cannot count"),
    "nothing": (lambda _: b"", "does not carry the identifier TFL3"),
    "zeros": (lambda _: bytes(1_000_000), "does not carry the identifier TFL3"),
    "an identifier alone": (lambda _: b"\0\0\0\0TFL3", "is damaged or not a TFLite model"),
}


@pytest.mark.parametrize(
    ("what", "command"),
    [
        (what, command)
        for what, (_, said) in HARMFUL.items()
        for command in COMMANDS
        # What a runtime cannot run is what check reports, and the reference runs the far taps.
        if command is codegen or not (said.startswith("which") or "name" in what)
    ],
)
def test_it_is_refused_in_one_line(
    what: str, command: Command, tmp_path: Path, generator: np.random.Generator
) -> None:
    build, said = HARMFUL[what]
    path = written(tmp_path, build(generator))
    assert said in refused(command(path))
    assert sorted(tmp_path.iterdir()) == [path], "nothing is left behind"


def test_check_shows_names_as_what_they_are(tmp_path: Path, generator: np.random.Generator) -> None:
    reply = accepted(check(written(tmp_path, forged_name(generator))), code=2)
    assert not reply.said
    assert all(line.isprintable() for line in reply.printed.split("\n"))
    assert not any(line.startswith("error") for line in reply.printed.splitlines())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.__name__)
def test_a_pipe_and_a_folder_are_not_waited_for(command: Command, tmp_path: Path) -> None:
    import os

    pipe = tmp_path / "pipe.tflite"
    os.mkfifo(pipe)
    assert "it is a pipe" in refused(command(pipe))
    assert "it is a folder" in refused(command(tmp_path))
    assert "No such file" in refused(command(tmp_path / "none.tflite"))


@pytest.mark.parametrize("dilation", [70_000, 2**29])
def test_taps_that_are_far_but_can_be_counted_run(
    dilation: int, tmp_path: Path, generator: np.random.Generator
) -> None:
    accepted(codegen(written(tmp_path, far_taps(dilation)(generator))))


def thousands_of_softmaxes(generator: np.random.Generator) -> bytes:
    network = Network((1, 10))
    for _ in range(4000):
        network.softmax()
    return network.flatbuffer()


def a_hundred_thousand_tensors(generator: np.random.Generator) -> bytes:
    network = classifier(generator)
    for _ in range(100_000):
        network.activation("t", (1,), 1.0, 0)
    return network.flatbuffer()


def two_thousand_branches(generator: np.random.Generator) -> bytes:
    """They are all alive together, until one operator joins them."""
    network = Network((1, 10))
    first, branches = network.last, []
    for _ in range(2000):
        network.last = first
        network.softmax()
        branches.append(network.last)
    options = schema.ConcatenationOptionsT()
    options.axis = 1
    joined = network.activation("joined", (1, 20_000), 1 / 256, -128)
    kind = schema.BuiltinOperator.CONCATENATION
    network.add(kind, 2, branches, joined, "ConcatenationOptions", options)
    network.model.subgraphs[0].outputs = [joined]
    return network.flatbuffer()


def a_tree_of_additions(generator: np.random.Generator) -> bytes:
    network = Network((1, 10))
    first, level = network.last, []
    for _ in range(512):
        network.last = first
        network.softmax()
        level.append(network.last)
    while len(level) > 1:
        pairs = list(zip(level[::2], level[1::2], strict=True))
        level = [network.activation("sum", (1, 10), 1 / 128, -128) for _ in pairs]
        for pair, total in zip(pairs, level, strict=True):
            network.add(schema.BuiltinOperator.ADD, 2, list(pair), total, "AddOptions", schema.AddOptionsT())
    network.model.subgraphs[0].outputs = level
    return network.flatbuffer()


@pytest.mark.parametrize(
    "build", [thousands_of_softmaxes, a_hundred_thousand_tensors, two_thousand_branches, a_tree_of_additions]
)
def test_large_graphs_take_time_and_memory_as_they_are_long(
    build: Callable[[np.random.Generator], bytes], tmp_path: Path, generator: np.random.Generator
) -> None:
    accepted(codegen(written(tmp_path, build(generator))))
