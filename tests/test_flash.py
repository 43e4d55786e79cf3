"""python -m host flash, with a stand-in for arduino-cli and a list of ports that are not there."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.errors import UserError
from contract.files import sha256
from contract.firmware import Firmware, read_firmware
from host import flash as flash_module
from host.boards import open_board
from host.errors import BOARD_OR_LINE
from host.flash import flash
from host.ports import PortInfo
from tests.arduino_cli import ArduinoCli
from tests.fake_board import FakeBoard, on_a_pty, with_

RUNNING, BOOTLOADER = (0x2341, 0x805A), (0x2341, 0x005A)
SHA256 = "5a" * 32
IMAGE = b"an image"
BUILT = with_(sha256=SHA256, board="nano33ble", engine="tflm")


def board_at(path: str, usb_id: tuple[int, int] = RUNNING) -> PortInfo:
    return PortInfo(path, usb_id, "Nano 33 BLE")


def write_image(folder: Path, **changes: object) -> Path:
    """What make firmware BOARD=nano33ble leaves: the sketch, its binaries, firmware.json."""
    fields: dict[str, object] = {
        "board": "nano33ble", "engine": "tflm", "link": "usb",
        "image": "firmware.elf", "image_sha256": sha256(IMAGE),
        "image_flash_bytes": 1, "image_ram_bytes": 1, "flash_bytes": None, "model_bytes": None,
        "ram_bytes": None, "stack_bytes": None, "instructions": None, "compiler": "", "options": "",
        "sha256": SHA256,
    }  # fmt: skip
    (folder / "nano33ble").mkdir(parents=True)
    (folder / "firmware.elf").write_bytes(IMAGE)
    (folder / "nano33ble" / "nano33ble.ino").write_text("")
    (folder / "nano33ble" / "sketch.yaml").write_text("profiles:\n  nano33ble:\n")
    (folder / "arduino").mkdir()
    (folder / "arduino" / "nano33ble.ino.bin").write_bytes(b"")
    Firmware(**{**fields, **changes}).write(folder)  # type: ignore[arg-type]
    return folder


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write_image(tmp_path / "nano33ble-tflm")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ArduinoCli:
    return install(ArduinoCli(tmp_path / "bin"), monkeypatch)


def install(cli: ArduinoCli, monkeypatch: pytest.MonkeyPatch) -> ArduinoCli:
    monkeypatch.setenv("PATH", str(cli.folder), prepend=os.pathsep)
    return cli


Plug = Callable[[list[PortInfo], list[PortInfo]], None]


@pytest.fixture
def plug(cli: ArduinoCli, monkeypatch: pytest.MonkeyPatch) -> Plug:
    """Say which ports there are before the upload, and which after it."""

    def plug(before: list[PortInfo], after: list[PortInfo]) -> None:
        monkeypatch.setattr(flash_module, "list_ports", lambda: after if cli.calls else before)

    return plug


@pytest.fixture
def flashed() -> Iterator[str]:
    """The path of a board that answers as the image just built would."""
    with on_a_pty(FakeBoard(hello=BUILT)) as path:
        yield path


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash_module, "RETURN_SECONDS", 0.3)


def failure(folder: Path, port: str | None = None) -> UserError:
    with pytest.raises(UserError) as caught:
        flash(folder, port)
    return caught.value


def test_the_image_is_uploaded_with_the_sketchs_profile_and_asked_for(
    image: Path, cli: ArduinoCli, plug: Plug, flashed: str
) -> None:
    plug([board_at(flashed)], [board_at(flashed)])
    assert flash(image, None) == f"{flashed} runs the engine tflm with the model {SHA256}"
    assert cli.calls == [
        [
            *("upload", "--profile", "nano33ble", "--port", flashed),
            *("--input-dir", str(image / "arduino"), str(image / "nano33ble")),
        ]
    ]


def test_the_board_may_come_back_under_another_path(image: Path, plug: Plug, flashed: str) -> None:
    plug([board_at("/dev/ttyACM0")], [board_at(flashed)])
    assert flashed in flash(image, None)


def test_a_board_in_its_bootloader_is_flashed(image: Path, cli: ArduinoCli, plug: Plug, flashed: str) -> None:
    plug([board_at("/dev/ttyACM0", BOOTLOADER)], [board_at(flashed)])
    assert flashed in flash(image, None)
    assert "/dev/ttyACM0" in cli.calls[0]


def test_of_two_boards_the_user_has_to_name_one(image: Path, cli: ArduinoCli, plug: Plug) -> None:
    plug([board_at("/dev/ttyACM0"), board_at("/dev/ttyACM1", BOOTLOADER)], [])
    error = failure(image)
    assert error.exit_code == 2
    assert "/dev/ttyACM0" in str(error)
    assert "/dev/ttyACM1 (Arduino Nano 33 BLE, in its bootloader)" in str(error)
    assert "PORT=" in str(error)
    assert cli.calls == []


def test_of_two_boards_the_named_one_is_flashed_and_asked(image: Path, plug: Plug, flashed: str) -> None:
    """The other one, which runs another model, is left alone."""
    with on_a_pty(FakeBoard(hello=with_(BUILT, sha256="00" * 32))) as other:
        plug([board_at("/dev/ttyACM7"), board_at(other)], [board_at(other), board_at(flashed)])
        assert flashed in flash(image, "/dev/ttyACM7")


def test_without_a_board_nothing_is_uploaded(image: Path, cli: ArduinoCli, plug: Plug) -> None:
    plug([PortInfo("/dev/ttyS0", None, "")], [])
    error = failure(image)
    assert error.exit_code == BOARD_OR_LINE
    assert "cable" in str(error)
    assert "reset button twice" in str(error)
    assert cli.calls == []


def test_a_port_that_is_not_there_is_named(image: Path, cli: ArduinoCli, plug: Plug) -> None:
    plug([board_at("/dev/ttyACM0")], [])
    error = failure(image, "/dev/ttyACM5")
    assert (error.exit_code, cli.calls) == (BOARD_OR_LINE, [])
    assert "no port /dev/ttyACM5" in str(error)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("left", [[], [board_at("/dev/ttyACM0", BOOTLOADER)]])
def test_a_port_that_never_comes_back_is_an_error(image: Path, plug: Plug, left: list[PortInfo]) -> None:
    plug([board_at("/dev/ttyACM0")], left)
    error = failure(image)
    assert error.exit_code == BOARD_OR_LINE
    assert "did not come back" in str(error)
    assert "reset button" in str(error)


@pytest.mark.usefixtures("soon")
def test_a_port_that_comes_back_and_never_opens_says_why(image: Path, plug: Plug, tmp_path: Path) -> None:
    plug([board_at("/dev/ttyACM0")], [board_at(str(tmp_path / "gone"))])
    assert "there is no port" in str(failure(image))


def test_a_port_that_opens_only_after_a_moment_is_waited_for(
    image: Path, plug: Plug, flashed: str, tmp_path: Path
) -> None:
    port = tmp_path / "ttyACM0"
    plug([board_at(str(port))], [board_at(str(port))])
    udev = threading.Timer(1.0, port.symlink_to, [flashed])
    udev.start()
    assert str(port) in flash(image, None)
    udev.join()


def test_an_upload_that_fails_is_an_error(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    install(ArduinoCli(tmp_path / "failing", upload_code=1), monkeypatch)
    monkeypatch.setattr(flash_module, "list_ports", lambda: [board_at("/dev/ttyACM0")])
    error = failure(image)
    assert error.exit_code == BOARD_OR_LINE
    assert "exit code 1" in str(error)
    assert "reset button twice" in str(error)
    assert "Failed uploading" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"sha256": "00" * 32}, ["00" * 32, SHA256]), ({"engine": "aot"}, ["engine aot", "tflm"])],
)
def test_a_board_that_runs_something_else_afterwards_is_an_error(
    image: Path, plug: Plug, changes: dict[str, object], words: list[str]
) -> None:
    with on_a_pty(FakeBoard(hello=with_(BUILT, **changes))) as path:
        plug([board_at(path)], [board_at(path)])
        error = failure(image)
    assert error.exit_code == BOARD_OR_LINE
    assert all(word in str(error) for word in words)


def test_an_engine_that_does_not_start_on_the_board_says_why(image: Path, plug: Plug) -> None:
    with on_a_pty(FakeBoard(hello=BUILT, engine_fault="the arena has 100 bytes")) as path:
        plug([board_at(path)], [board_at(path)])
        assert "the arena has 100 bytes" in str(failure(image))


def test_an_image_whose_line_is_the_uart_is_uploaded_and_not_asked(
    tmp_path: Path, cli: ArduinoCli, plug: Plug
) -> None:
    image = write_image(tmp_path / "nano33ble-tflm-uart", link="uart")
    plug([board_at("/dev/ttyACM0")], [])
    assert "PORT=" in flash(image, None)
    assert len(cli.calls) == 1


def test_an_image_whose_line_is_the_uart_is_not_looked_for_at_the_usb_port(tmp_path: Path) -> None:
    image = write_image(tmp_path / "nano33ble-tflm-uart", link="uart")
    with pytest.raises(UserError, match="PORT=") as caught:
        open_board(read_firmware(image), image, None)
    assert caught.value.exit_code == 2


def test_an_image_that_was_compiled_again_since_it_was_measured_is_not_flashed(
    image: Path, cli: ArduinoCli
) -> None:
    (image / "firmware.elf").write_bytes(b"another image")
    error = failure(image)
    assert (error.exit_code, cli.calls) == (2, [])
    assert "make firmware" in str(error)


def test_without_arduino_cli_the_error_says_where_to_read_on(
    image: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = failure(image)
    assert (type(error), error.exit_code) == (UserError, 2)
    assert "docs/hardware.md" in str(error)


def test_an_image_of_another_board_is_not_flashed(tmp_path: Path, cli: ArduinoCli) -> None:
    image = write_image(tmp_path / "mps2-an386-aot", board="mps2-an386")
    error = failure(image)
    assert (error.exit_code, cli.calls) == (2, [])
    assert "mps2-an386" in str(error)


def test_a_folder_without_an_image_says_what_builds_one(tmp_path: Path) -> None:
    error = failure(tmp_path)
    assert error.exit_code == 2
    assert "make firmware" in str(error)
