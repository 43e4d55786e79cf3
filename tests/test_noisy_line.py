"""A line that damages what it carries: every answer is right, whatever happens to bytes, for at most 2.5
times the bytes of a clean run. With --full (make reliability) ten thousand inputs each."""

import math
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.boards import board
from contract.firmware import Firmware
from contract.protocol import (
    FETCH_BODY,
    FETCHED_HEADER,
    PART_HEADER,
    PART_REPLY_BODY,
    RESULT_HEADER,
    FrameType,
)
from contract.reference import Reference, read_reference
from host.boards import open_board
from host.errors import BoardError
from host.parts import Parts
from host.quality import LineQuality
from host.session import Session
from quantize.stage import given as given_flatbuffer
from tests.networks import Network, random_weights
from tests.noisy_line import DAMAGES, Faults, noisy
from tests.test_state import stream
from thimble.commands.build import Tuning, built
from thimble.workspace import Workspace

MOST_BYTES = 2.5  # of a clean run's
RATE = 1e-3


def image_of(workspace: Workspace, name: str = "native") -> tuple[Path, Firmware]:
    return built(workspace, board(name), Tuning())


def of_network(flatbuffer: bytes, folder: Path) -> Workspace:
    """The workspace of a flatbuffer with random inputs."""
    folder.mkdir(exist_ok=True)
    (folder / "given.tflite").write_bytes(flatbuffer)
    given_flatbuffer(folder / "given.tflite", None, "any", "own", 0, "aot", folder)
    return Workspace(folder)


@pytest.fixture(scope="module")
def digits(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("digits")
    for name in ("model.tflite", "manifest.json", "reference.npz"):
        shutil.copy(mnist / name, folder)
    return Workspace(folder)


@pytest.fixture(scope="module")
def native(digits: Workspace) -> tuple[Path, Firmware]:
    return image_of(digits)


def run(image: tuple[Path, Firmware], known: Reference, faults: Faults) -> Session:
    """All inputs through the faults; every answer is the reference's."""
    folder, firmware = image
    with open_board(firmware, folder, None) as opened, noisy(opened.fileno(), faults) as line:
        session = Session(line)
        hello = session.hello()
        answers = {one.index: one.output for one in session.infer([x.tobytes() for x in known.inputs], hello)}
    assert [answers[index] for index in range(len(known.inputs))] == [one.tobytes() for one in known.outputs]
    return session


def first(workspace: Workspace, count: int) -> Reference:
    known = read_reference(workspace.reference)
    return known.of(np.arange(min(count, len(known.inputs))))


@pytest.mark.parametrize("kind", [*DAMAGES, "all"])
def test_every_answer_is_right_at_one_fault_in_a_thousand_bytes(
    kind: str, digits: Workspace, native: tuple[Path, Firmware], pytestconfig: pytest.Config
) -> None:
    known = first(digits, 10_000 if pytestconfig.getoption("--full") else 250)
    clean = Faults(0)
    assert run(native, known, clean).retries == 0
    kinds = DAMAGES if kind == "all" else (kind,)
    faults = Faults(RATE, kinds, seed=3, split=kind == "all")
    session = run(native, known, faults)
    print(
        f"{kind}: {len(known.inputs):,} inputs, {faults.injected:,} faults, {session.retries:,} sent again, "
        f"{faults.carried / clean.carried:.2f} times the bytes of a clean run"
    )
    assert faults.injected > 0.5 * RATE * faults.carried
    assert faults.carried < MOST_BYTES * clean.carried
    assert session.fault_rate == pytest.approx(RATE, rel=0.5)


@pytest.mark.parametrize("rate", [1e-5, 1e-4, 3e-4])
def test_a_better_line_costs_less(rate: float, digits: Workspace, native: tuple[Path, Firmware]) -> None:
    known = first(digits, 300)
    clean, faults = Faults(0), Faults(rate, seed=4)
    run(native, known, clean)
    run(native, known, faults)
    assert faults.carried < (1 + 1500 * rate) * clean.carried


def test_a_clean_line_carries_whole_inputs_alone(digits: Workspace, native: tuple[Path, Firmware]) -> None:
    known = first(digits, 200)
    clean = Faults(0)
    run(native, known, clean)
    around = 9 + 2 + math.ceil(793 / 254)  # header and CRC-32, delimiters, COBS
    requests = len(known.inputs) * (784 + around)
    answers = len(known.inputs) * (RESULT_HEADER.size + 10 + 9 + 3)
    assert clean.carried < 1.01 * (requests + answers) + 300


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (1, 96, 96, 3)])
def test_inputs_of_any_size_arrive(shape: tuple[int, ...], tmp_path: Path) -> None:
    """A whole one of 27,648 bytes never would."""
    network = Network(shape, 0.05, 0)
    if len(shape) == 4:
        network.max_pool_2d((32, 32), (32, 32))
        network.reshape((1, 27))
    depth = network.shape[-1]
    network.fully_connected(random_weights(np.random.default_rng(1), (3, depth)), [0.01], None, 0.1, 0)
    workspace = of_network(network.flatbuffer(), tmp_path / "any")
    known = first(workspace, 12 if len(shape) == 4 else 300)
    image = image_of(workspace)
    clean, faults = Faults(0), Faults(RATE, seed=5)
    run(image, known, clean)
    run(image, known, faults)
    assert faults.carried < MOST_BYTES * clean.carried


def test_outputs_of_any_size_arrive(tmp_path: Path) -> None:
    network = Network((1, 64, 64, 4), 0.05, 0)
    network.conv_2d(random_weights(np.random.default_rng(1), (4, 1, 1, 4)), [0.01] * 4, None, 0.1, 0)
    workspace = of_network(network.flatbuffer(), tmp_path / "any")
    known = first(workspace, 12)
    image = image_of(workspace)
    run(image, known, Faults(RATE, seed=6))


def test_a_state_advances_once_an_input(tmp_path: Path) -> None:
    workspace = of_network(stream(1).flatbuffer(), tmp_path / "any")
    image = image_of(workspace)
    session = run(image, first(workspace, 120), Faults(8 * RATE, seed=7))
    assert session.retries > 5


def test_stalls_and_pieces_do_no_harm(digits: Workspace, native: tuple[Path, Firmware]) -> None:
    faults = Faults(RATE / 3, seed=8, split=True, stalls=0.002, stall_seconds=2.5)
    run(native, first(digits, 150), faults)


def test_an_emulated_board_survives_it_too(digits: Workspace, pytestconfig: pytest.Config) -> None:
    known = first(digits, 10_000 if pytestconfig.getoption("--full") else 60)
    image = image_of(digits, "mps2-an386")
    clean, faults = Faults(0), Faults(RATE, seed=9)
    run(image, known, clean)
    session = run(image, known, faults)
    print(
        f"mps2-an386: {len(known.inputs):,} inputs, {faults.injected:,} faults, {session.retries:,} sent "
        f"again, {faults.carried / clean.carried:.2f} times the bytes of a clean run"
    )
    assert faults.carried < MOST_BYTES * clean.carried


def test_a_line_that_lets_nothing_through_is_given_up_with_what_was_seen(
    digits: Workspace, native: tuple[Path, Firmware], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host.transfer.PATIENCE_SECONDS", 2.0)
    monkeypatch.setattr("host.session.PATIENCE_SECONDS", 2.0)
    folder, firmware = native
    known = first(digits, 5)
    faults = Faults(0, seed=10)
    with open_board(firmware, folder, None) as opened, noisy(opened.fileno(), faults) as line:
        session = Session(line, answer_seconds=0.5)
        hello = session.hello()
        faults.rate = 0.2
        with pytest.raises(BoardError) as failed:
            list(session.infer([x.tobytes() for x in known.inputs], hello))
    text = str(failed.value)
    assert "after 0 of 5 images" in text
    assert "frames reached the board damaged" in text
    assert "about one fault in" in text
    assert "try another cable" in text


# ---- the board's side ----
def test_parts_are_taken_in_their_order_and_executed_once(
    digits: Workspace, native: tuple[Path, Firmware]
) -> None:
    known = first(digits, 2)
    folder, firmware = native
    data, expected = known.inputs[0].tobytes(), known.outputs[0].tobytes()
    crc = zlib.crc32(data)
    with open_board(firmware, folder, None) as opened:
        session = Session(opened)
        session.hello()

        def part(sequence: int, begin: int, end: int, reply: FrameType = FrameType.PART_REPLY) -> bytes:
            session._next_sequence = sequence
            return session.ask(FrameType.PART, PART_HEADER.pack(begin, crc) + data[begin:end], reply)

        assert PART_REPLY_BODY.unpack(part(7, 100, 200)) == (0,)  # not the first
        assert PART_REPLY_BODY.unpack(part(7, 0, 100)) == (100,)
        assert PART_REPLY_BODY.unpack(part(7, 0, 100)) == (100,)  # again
        assert PART_REPLY_BODY.unpack(part(7, 100, 500)) == (500,)
        assert PART_REPLY_BODY.unpack(part(8, 500, 784)) == (0,)  # another request begins anew
        assert PART_REPLY_BODY.unpack(part(8, 0, 700)) == (700,)
        assert PART_REPLY_BODY.unpack(part(8, 700, 783)) == (783,)
        answer = part(8, 783, 784, FrameType.RESULT)
        assert answer[RESULT_HEADER.size :] == expected
        assert part(8, 783, 784, FrameType.RESULT) == answer  # repeated, ticks and all
        session._next_sequence = 8
        piece = session.ask(FrameType.FETCH, FETCH_BODY.pack(3, 4), FrameType.FETCHED)
        assert piece[FETCHED_HEADER.size :] == expected[3:7]
        for body, sequence, says in (
            (FETCH_BODY.pack(8, 4), 8, "another length"),
            (FETCH_BODY.pack(2**32 - 1, 2), 8, "another length"),
            (FETCH_BODY.pack(0, 4), 9, "lost its place"),
        ):
            session._next_sequence = sequence
            with pytest.raises(BoardError, match=says):
                session.ask(FrameType.FETCH, body, FrameType.FETCHED)
        for begin, end in ((784, 785), (2**32 - 1, 2**32)):
            session._next_sequence = 20
            with pytest.raises(BoardError, match="another length"):
                session.ask(
                    FrameType.PART, PART_HEADER.pack(begin, crc) + b"x" * (end - begin), FrameType.RESULT
                )


# ---- the host's side ----
@given(
    st.integers(1, 5000), st.integers(1, 3), st.lists(st.integers(0, 5000), max_size=40), st.integers(1, 700)
)
def test_parts_go_on_from_what_the_board_has(whole: int, depth: int, replies: list[int], size: int) -> None:
    parts = Parts(whole, depth)
    for reply in replies:
        sent = parts.following(size)
        assert all(0 < end - begin <= size for begin, end in sent)
        assert len(sent) <= depth
        parts.board_has(min(reply, whole))
        assert 0 <= parts.confirmed <= parts.sent <= whole
    for _ in range(2 * whole):
        parts.following(size)
        if parts.all_sent:
            break
        parts.board_has(parts.sent)
    assert parts.all_sent


def test_parts_are_as_large_as_the_line_allows() -> None:
    quality = LineQuality()
    assert quality.part_size(27_648, 4096) is None
    sizes = []
    for rate in (1e-5, 1e-4, 1e-3, 1e-2):
        quality = LineQuality()
        for _ in range(round(1000 * rate * 100)):
            quality.lost(10)
        quality.arrived(round(100_000 - 10 * 1000 * rate * 100))
        assert quality.rate == pytest.approx(rate, rel=0.1)
        sizes.append(quality.part_size(27_648, 4096) or 27_648)
    assert sizes == sorted(sizes, reverse=True)
    assert 100 <= sizes[2] <= 400
