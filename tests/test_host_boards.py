"""Boards that are processes: started, found by their pty, and gone afterwards whatever happened."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract.errors import UserError
from host.boards import process as process_module
from host.boards.emulator import emulator
from host.boards.native import native
from host.errors import BOARD_OR_LINE, BoardError
from host.session import Session
from tests.c_build import ROOT
from tests.fake_board import SMALL_HELLO, write_program

QEMU_SAYS = "char device redirected to {} (label c0)"


def executable(path: Path, text: str) -> Path:
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return path


def is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_native_board_is_started_asked_and_stopped(tmp_path: Path) -> None:
    image = tmp_path / "firmware.elf"
    write_program(image, SMALL_HELLO)
    with native(image) as board:
        process_id = board.process.pid
        assert Session(board).hello() == SMALL_HELLO
        assert is_running(process_id)
    assert not is_running(process_id)


@pytest.mark.parametrize("line", ["semihosting", "uart"])
def test_the_emulator_is_started_with_its_console_on_a_pty(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = f"open({str(tmp_path / 'arguments')!r}, 'w').write(' '.join(sys.argv[1:]))\nif 1:\n    pass"
    write_program(tmp_path / "qemu-system-arm", SMALL_HELLO, record, QEMU_SAYS)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    image = tmp_path / "firmware.elf"
    image.write_bytes(b"an image")
    with emulator(image, line, "mps2-an386") as board:
        assert Session(board).hello() == SMALL_HELLO
    arguments = (tmp_path / "arguments").read_text()
    assert "-M mps2-an386" in arguments
    assert "-icount shift=0" in arguments
    assert f"-kernel {image}" in arguments
    console = {
        "semihosting": "-semihosting-config enable=on,target=native,chardev=c0",
        "uart": "-serial chardev:c0",
    }
    assert f"-chardev pty,id=c0 {console[line]}" in arguments


def test_a_process_is_stopped_when_the_block_fails(tmp_path: Path) -> None:
    image = tmp_path / "firmware.elf"
    write_program(image, SMALL_HELLO)
    started = []

    def start_and_interrupt() -> None:
        with native(image) as board:
            started.append(board.process.pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start_and_interrupt()
    assert not is_running(started[0])


def test_a_process_that_will_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "STOP_SECONDS", 0.1)
    image = tmp_path / "firmware.elf"
    write_program(image, SMALL_HELLO, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    with native(image) as board:
        process_id = board.process.pid
        Session(board).hello()
    assert not is_running(process_id)


def test_qemu_missing_is_a_matter_of_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="qemu-system-arm is not installed; apt install") as caught:
        emulator(tmp_path / "firmware.elf", "semihosting", "mps2-an386")
    assert caught.value.exit_code == 2


def test_a_link_that_the_emulator_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unknown link usb; use LINK="):
        emulator(tmp_path / "firmware.elf", "usb", "mps2-an386")


def test_an_image_that_cannot_be_executed(tmp_path: Path) -> None:
    image = tmp_path / "firmware.elf"
    image.write_bytes(b"\x7fELF for something else")
    image.chmod(0o755)
    with pytest.raises(UserError, match=r"cannot start .*firmware\.elf: Exec format error"), native(image):
        pass


def test_a_process_that_ends_before_it_has_a_pty_is_quoted(tmp_path: Path) -> None:
    image = executable(tmp_path / "firmware.elf", "import sys\nsys.exit('could not load kernel')")
    with (
        pytest.raises(
            BoardError, match="native board ended with exit code 1 and printed: could not load kernel"
        ),
        native(image),
    ):
        pass


def test_a_process_without_a_pty_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "START_SECONDS", 0.2)
    image = executable(tmp_path / "firmware.elf", "import time\ntime.sleep(60)")
    start = time.monotonic()
    with pytest.raises(BoardError, match="did not open a pty"), native(image):
        pass
    assert time.monotonic() - start < 2.0


def test_a_process_that_prints_without_end_is_not_held_up(tmp_path: Path) -> None:
    image = tmp_path / "firmware.elf"
    write_program(image, SMALL_HELLO, "sys.stderr.write('warning\\n' * 100_000)")
    with native(image) as board:
        session = Session(board)
        hello = session.hello()
        assert len(list(session.infer([b"abcdef"] * 5, hello))) == 5


def infer_on_native(image: Path, images: int) -> None:
    with native(image) as board:
        session = Session(board)
        list(session.infer([b"abcdef"] * images, session.hello()))


def test_a_killed_process_is_told_from_an_unplugged_board(tmp_path: Path) -> None:
    image = tmp_path / "firmware.elf"
    write_program(image, SMALL_HELLO, "if request.number == 4:\n    os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(BoardError, match=" of 9 images: the native board was ended by SIGKILL") as caught:
        infer_on_native(image, 9)
    assert caught.value.exit_code == BOARD_OR_LINE


def test_a_process_that_fails_half_way_is_quoted(tmp_path: Path) -> None:
    image = tmp_path / "firmware.elf"
    write_program(image, SMALL_HELLO, "if request.number == 4:\n    sys.exit('heap-buffer-overflow')")
    with pytest.raises(BoardError, match="ended with exit code 1 and printed: heap-buffer-overflow"):
        infer_on_native(image, 9)


STARTS_A_BOARD = """
import sys, time
from pathlib import Path
from host.boards.native import native
with native(Path(sys.argv[1])) as board:
    print(board.process.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_a_board_ends_with_its_host(number: int, tmp_path: Path) -> None:
    image = tmp_path / "firmware.elf"
    write_program(image, SMALL_HELLO)
    host = subprocess.Popen(
        [sys.executable, "-c", STARTS_A_BOARD, str(image)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert host.stdout is not None
    board = int(host.stdout.readline())
    os.kill(board, 0)
    host.send_signal(number)
    host.wait(10)
    host.stdout.close()
    give_up = time.monotonic() + 10
    while is_alive(board):
        assert time.monotonic() < give_up
        time.sleep(0.02)


def is_alive(process_id: int) -> bool:
    """Whether it runs, and does not only wait for its exit code to be read."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
