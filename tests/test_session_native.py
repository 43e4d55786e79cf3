"""The native board: the same session in a process with a real pty, built by the firmware's own Makefile."""

import os
import signal
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.protocol import RESULT_HEADER, ErrorCode, FrameType, HelloReply, TickUnit
from host.frames import Frame, encode
from tests.session_harness import fake
from tests.session_harness.boards import Client, build

HELLO = Frame(FrameType.HELLO, 1, b"")
DATA = bytes(range(196)) * 4


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the sanitizers, which end the process at the first mistake."""
    return build(tmp_path_factory.mktemp("native"), "BOARD=native", "SANITIZE=1") / "firmware.elf"


@contextmanager
def running(image: Path, stop: signal.Signals = signal.SIGTERM) -> Iterator[str]:
    """The path of the board's port. At the end the signal `stop` must end the process with exit code 0."""
    with subprocess.Popen([image], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            word, port = process.stdout.readline().split()
            assert word == "port:"
            yield port
            process.send_signal(stop)
            process.wait(10)
            assert (process.returncode, process.stderr.read()) == (0, "")
        finally:
            process.kill()


@contextmanager
def opened(port: str) -> Iterator[int]:
    """The port as any program finds it: nothing is set."""
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_it_says_what_it_is_and_computes(image: Path) -> None:
    with running(image) as port, opened(port) as descriptor:
        client = Client(descriptor)
        hello = HelloReply.unpack(client.ask(HELLO).body)
        assert (hello.board, hello.engine) == ("native", "fake")
        assert (hello.tick_unit, hello.tick_hz) == (TickUnit.NANOSECOND, 1_000_000_000)
        assert (hello.inputs, hello.outputs, hello.max_body) == (
            (fake.INPUT,),
            (fake.OUTPUT,),
            fake.INPUT_BYTES,
        )
        ticks = [client.infer(sequence, DATA) for sequence in range(50)]
        assert 0 < min(ticks) < 10_000_000


def test_its_port_is_raw_before_a_program_sets_it(image: Path) -> None:
    """No echo, no translation of line ends, no control characters: every byte value arrives as it is."""
    with running(image) as port, opened(port) as descriptor:
        local_flags = termios.tcgetattr(descriptor)[3]
        assert not local_flags & (termios.ECHO | termios.ICANON | termios.ISIG)
        Client(descriptor).infer(1, (bytes(range(256)) * 4)[: fake.INPUT_BYTES])


def test_as_many_requests_as_it_states_may_be_in_flight(image: Path) -> None:
    with running(image) as port, opened(port) as descriptor:
        client = Client(descriptor)
        in_flight = HelloReply.unpack(client.ask(HELLO).body).frames_in_flight
        for sequence in range(in_flight):
            client.send(encode(Frame(FrameType.INFER, sequence, DATA)))
        assert [client.next_frame().sequence for _ in range(in_flight)] == list(range(in_flight))


def test_the_host_may_close_the_port_and_open_it_again(image: Path) -> None:
    with running(image) as port:
        for sequence in range(3):
            with opened(port) as descriptor:
                Client(descriptor).infer(sequence, DATA)


def test_a_host_that_leaves_in_the_middle_of_a_frame_does_not_disturb_the_next(image: Path) -> None:
    with running(image) as port:
        with opened(port) as descriptor:
            os.write(descriptor, encode(Frame(FrameType.INFER, 1, DATA))[:-200])
        with opened(port) as descriptor:
            client = Client(descriptor)
            complaint = client.ask(HELLO)
            assert (complaint.type, complaint.body[0]) == (FrameType.ERROR, ErrorCode.BAD_FRAME)
            assert client.next_frame().type == FrameType.HELLO_REPLY


def test_answers_that_nobody_fetched_do_not_hold_it_up(image: Path) -> None:
    """The line is full of answers when the first host leaves; the next one reads them and gets its own."""
    with running(image) as port:
        with opened(port) as descriptor:
            os.set_blocking(descriptor, False)
            requests = encode(HELLO) * 200
            while requests:
                try:
                    requests = requests[os.write(descriptor, requests) :]
                except BlockingIOError:
                    break
        with opened(port) as descriptor:
            client = Client(descriptor)
            answer = client.ask(Frame(FrameType.INFER, 77, DATA))
            while answer.type != FrameType.RESULT:
                answer = client.next_frame()
            assert answer.sequence == 77


def test_two_hosts_at_once_never_read_a_wrong_number(image: Path) -> None:
    """They write into each other's frames and take each other's answers; a RESULT that arrives is right."""
    inputs = {sequence: bytes([sequence]) * fake.INPUT_BYTES for sequence in range(1, 41)}
    with running(image) as port, opened(port) as first, opened(port) as second:
        one, other = Client(first), Client(second)
        frames = []
        for sequence, data in inputs.items():
            client = one if sequence % 2 else other
            client.send(encode(Frame(FrameType.INFER, sequence, data)))
            frames += one.frames_until_silence(0.01) + other.frames_until_silence(0.01)
    results = [frame for frame in frames if frame.type == FrameType.RESULT]
    assert results
    for frame in results:
        assert frame.body[RESULT_HEADER.size :] == fake.fake_output(inputs[frame.sequence])


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(image: Path, stop: signal.Signals) -> None:
    with running(image, stop):
        pass


def test_an_engine_that_does_not_start_is_reported_over_the_line(tmp_path: Path) -> None:
    build(tmp_path, "BOARD=native", "OPT=-O1 -DFAKE_ENGINE_FAULT")
    with running(tmp_path / "firmware.elf") as port, opened(port) as descriptor:
        answer = Client(descriptor).ask(HELLO)
        assert (answer.type, answer.body[0]) == (FrameType.ERROR, ErrorCode.ENGINE_FAILED)
        assert answer.body[1:] == b"the fake engine was built to fail"
