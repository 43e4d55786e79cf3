"""The emulated board: both of its lines, what it does on a fault, and the bare image's image.

The emulator counts instructions (-icount shift=0), so every figure here is exact on every machine.
"""

import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract.protocol import ErrorCode, FrameType, HelloReply, TickUnit
from host.boards.emulator import COUNTED, PROGRAM, QUIET, emulator
from host.frames import Frame, encode
from host.link import HungUpError
from tests.session_harness import fake
from tests.session_harness.boards import Client, build

MACHINE = "mps2-an386"
HELLO = Frame(FrameType.HELLO, 1, b"")
DATA = bytes(range(196)) * 4
EXECUTE, USE_STACK, UNDEFINED_INSTRUCTION, BAD_ADDRESS, REFUSE = range(5)  # probe_engine.c
FAULT = 70  # exit code
STEP = 40  # instructions a count of the board's timer
STACK_BYTES = 16384  # firmware/boards/cortex_m/image.ld.in


def probe(what: int, amount: int) -> bytes:
    """An input of the probe engine."""
    return struct.pack("<BI", what, amount).ljust(fake.INPUT_BYTES, b"\xaa")


# ---- the lines ----
@pytest.fixture(scope="module", params=["semihosting", "uart"])
def line(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def image(line: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp(line), "BOARD=mps2-an386", f"LINK={line}") / "firmware.elf"


@pytest.fixture(scope="module")
def client(image: Path, line: str) -> Iterator[Client]:
    """One emulator a line for all tests, as starting one and opening its pty takes a second."""
    with emulator(image, line, MACHINE) as board:
        yield Client(board.fileno())


def test_it_says_what_it_is(client: Client) -> None:
    hello = HelloReply.unpack(client.ask(HELLO).body)
    assert (hello.board, hello.engine) == ("mps2-an386", "fake")
    assert (hello.tick_unit, hello.tick_hz) == (TickUnit.INSTRUCTION, 1_000_000_000)
    assert (hello.inputs, hello.outputs, hello.max_body) == ((fake.INPUT,), (fake.OUTPUT,), fake.INPUT_BYTES)


def test_it_computes_and_its_ticks_are_the_same_every_time(client: Client) -> None:
    ticks = [client.infer(sequence, bytes([sequence]) * fake.INPUT_BYTES) for sequence in range(6)]
    assert min(ticks) > fake.INPUT_BYTES
    assert max(ticks) - min(ticks) <= STEP


def test_as_many_requests_as_it_states_may_be_in_flight(client: Client) -> None:
    in_flight = HelloReply.unpack(client.ask(HELLO).body).frames_in_flight
    for sequence in range(in_flight):
        client.send(encode(Frame(FrameType.INFER, sequence, DATA)))
    answers = [client.next_frame() for _ in range(in_flight)]
    assert [(frame.type, frame.sequence) for frame in answers] == [
        (FrameType.RESULT, sequence) for sequence in range(in_flight)
    ]


def test_noise_on_the_line_costs_no_sound_frame(client: Client) -> None:
    client.send(b"some text\r\n" + bytes(range(255, 127, -1)) + b"\0\x05cut\0" + b"\0" * 50)
    for _ in range(2):
        complaint = client.next_frame()
        assert (complaint.type, complaint.sequence, complaint.body[0]) == (
            FrameType.ERROR,
            0,
            ErrorCode.BAD_FRAME,
        )
    client.infer(3, DATA)


def test_every_byte_value_comes_through_in_both_directions(client: Client) -> None:
    client.infer(0x00010D0A, (bytes(range(256)) * 4)[: fake.INPUT_BYTES])
    client.infer(0x11131A04, bytes(range(255, -1, -1)) * 3 + bytes(16))


def test_a_fault_ends_the_emulator_rather_than_the_conversation(line: str, tmp_path: Path) -> None:
    image = build(tmp_path, "BOARD=mps2-an386", f"LINK={line}", engine="probe") / "firmware.elf"
    with emulator(image, line, MACHINE) as board:
        client = Client(board.fileno())
        assert client.ask(HELLO).type == FrameType.HELLO_REPLY
        client.send(encode(Frame(FrameType.INFER, 1, probe(UNDEFINED_INSTRUCTION, 0))))
        with pytest.raises(HungUpError):
            client.next_frame()
        assert board.process.wait(10) == FAULT


# ---- the bare image's image ----
@dataclass(frozen=True)
class BareFigures:
    """figures.bin: struct figures of firmware/boards/cortex_m/bare.c."""

    inputs: int
    stack_bytes: int
    instructions: int


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return (
        build(tmp_path_factory.mktemp("bare"), "BOARD=mps2-an386", engine="probe", target="bare") / "bare.elf"
    )


def run_bare(bare: Path, folder: Path, inputs: bytes) -> subprocess.CompletedProcess[str]:
    """Run the image over the bytes of inputs.bin, in `folder`."""
    (folder / "inputs.bin").write_bytes(inputs)
    return subprocess.run(
        [
            PROGRAM,
            "-M",
            MACHINE,
            *QUIET,
            *COUNTED,
            "-semihosting-config",
            "enable=on,target=native",
            "-kernel",
            str(bare),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
    )


def measure(bare: Path, folder: Path, *inputs: bytes) -> BareFigures:
    result = run_bare(bare, folder, b"".join(inputs))
    assert (result.returncode, result.stderr) == (0, "")
    return BareFigures(*struct.unpack("<IIQ", (folder / "figures.bin").read_bytes()))


def test_the_bare_image_counts_the_instructions_of_the_engine_alone(bare: Path, tmp_path: Path) -> None:
    """A loop of two instructions, so many rounds; the call and the reading of the timer cost some 30 more."""
    for rounds in (1, 1_000, 1_000_000):
        figures = measure(bare, tmp_path, *[probe(EXECUTE, rounds)] * 10)
        assert figures.inputs == 10
        assert 2 * rounds - STEP <= figures.instructions / 10 <= 2 * rounds + 60 + STEP


def test_the_bare_image_s_stack_is_the_deepest_of_all_inferences(bare: Path, tmp_path: Path) -> None:
    shallow = measure(bare, tmp_path, probe(EXECUTE, 1)).stack_bytes
    assert shallow <= 200
    for depth in (1024, 8192):
        deep = measure(
            bare, tmp_path, probe(EXECUTE, 1), probe(USE_STACK, depth), probe(EXECUTE, 1)
        ).stack_bytes
        assert depth <= deep <= depth + shallow


def test_the_bare_image_s_outputs_are_the_engine_s(bare: Path, tmp_path: Path) -> None:
    inputs = [probe(EXECUTE, rounds) for rounds in (3, 5, 70_000)]
    measure(bare, tmp_path, *inputs)
    assert (tmp_path / "outputs.bin").read_bytes() == b"".join(data[: fake.OUTPUT_BYTES] for data in inputs)


def test_no_input_is_no_inference(bare: Path, tmp_path: Path) -> None:
    assert measure(bare, tmp_path).inputs == 0
    assert (tmp_path / "outputs.bin").read_bytes() == b""


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (probe(REFUSE, 0), "bare: the input asked the probe to refuse\n"),
        (probe(EXECUTE, 1) + b"rest", "bare: inputs.bin ends in the middle of an input\n"),
    ],
)
def test_the_bare_image_s_image_says_why_it_gave_up(
    bare: Path, tmp_path: Path, inputs: bytes, message: str
) -> None:
    result = run_bare(bare, tmp_path, inputs)
    assert (result.returncode, result.stderr) == (1, message)
    assert not (tmp_path / "figures.bin").exists()


@pytest.mark.parametrize(
    "inputs", [probe(UNDEFINED_INSTRUCTION, 0), probe(BAD_ADDRESS, 0), probe(USE_STACK, STACK_BYTES + 4)]
)
def test_a_fault_ends_the_emulator_and_says_where(bare: Path, tmp_path: Path, inputs: bytes) -> None:
    """The undefined instruction, the address that does not exist, the stack that grew out of its memory."""
    result = run_bare(bare, tmp_path, inputs)
    assert result.returncode == FAULT
    assert result.stderr.startswith("fault: exception 0x00000003 at 0x0")
