"""Serial ports: finding the board among them, and every reason why one does not open."""

import errno
from types import SimpleNamespace

import pytest
import serial
from serial.tools import list_ports as pyserial_list

from contract.errors import UserError
from host.boards.hardware import hardware
from host.errors import BOARD_OR_LINE, BoardError
from host.ports import PortInfo, list_ports, listing, open_port, pick
from tests.fake_board import FakeBoard, on_a_pty

BOARD = PortInfo("/dev/ttyACM1", (0x2341, 0x805A), "Nano 33 BLE")
OTHER_BOARD = PortInfo("/dev/ttyACM3", (0x2341, 0x805A), "Nano 33 BLE")
BOOTLOADER = PortInfo("/dev/ttyACM2", (0x2341, 0x005A), "Nano 33 BLE")
ADAPTER = PortInfo("/dev/ttyUSB0", (0x10C4, 0xEA60), "CP2102 USB to UART")
BUILT_IN = PortInfo("/dev/ttyS0", None, "")


def test_ports_are_listed_with_their_usb_ids_known_boards_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        SimpleNamespace(device="/dev/ttyS0", vid=None, pid=None, description="n/a"),
        SimpleNamespace(device="/dev/ttyUSB0", vid=0x10C4, pid=0xEA60, description="CP2102 USB to UART"),
        SimpleNamespace(device="/dev/ttyACM1", vid=0x2341, pid=0x805A, description="Nano 33 BLE"),
    ]
    monkeypatch.setattr(pyserial_list, "comports", lambda: found)
    assert list_ports() == [BOARD, BUILT_IN, ADAPTER]


def test_the_one_running_board_is_picked() -> None:
    assert pick([ADAPTER, BOOTLOADER, BOARD]) == BOARD


def test_two_boards_are_for_the_user_to_choose_from() -> None:
    with pytest.raises(UserError, match=r"2 boards .*/dev/ttyACM1, /dev/ttyACM3.*--port") as caught:
        pick([BOARD, OTHER_BOARD])
    assert caught.value.exit_code == 2


def test_a_board_in_its_bootloader_is_named_but_not_picked() -> None:
    with pytest.raises(BoardError, match=r"/dev/ttyACM2 is in its bootloader.*flash it"):
        pick([ADAPTER, BOOTLOADER])


@pytest.mark.parametrize("ports", [[], [BUILT_IN, ADAPTER]])
def test_ports_that_are_no_known_board_are_never_picked(ports: list[PortInfo]) -> None:
    with pytest.raises(BoardError, match=r"no board found.*cable.*--port") as caught:
        pick(ports)
    assert caught.value.exit_code == BOARD_OR_LINE


def test_the_listing_names_known_boards_and_marks_the_one_that_is_picked() -> None:
    assert listing([BOARD, BOOTLOADER, ADAPTER, BUILT_IN]).splitlines() == [
        "-> /dev/ttyACM1  2341:805a  Arduino Nano 33 BLE",
        "   /dev/ttyACM2  2341:005a  Arduino Nano 33 BLE, in its bootloader",
        "   /dev/ttyUSB0  10c4:ea60  CP2102 USB to UART",
        "   /dev/ttyS0    -",
    ]


def test_the_listing_says_what_to_do_where_nothing_can_be_picked() -> None:
    assert listing([]).startswith("no board found")
    lines = listing([BOARD, OTHER_BOARD]).splitlines()
    assert not any("->" in line for line in lines)
    assert "say which with --port" in lines[-1]


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(BoardError, match=r"there is no port /dev/ttyACM99.*host ports"):
        open_port("/dev/ttyACM99")


def test_a_file_that_is_no_port() -> None:
    with pytest.raises(BoardError, match="cannot open /dev/null as a serial port"):
        open_port("/dev/null")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (
            errno.EACCES,
            r"no permission to open /dev/ttyACM1; .* group dialout \(sudo usermod -aG dialout \$USER\)",
        ),
        (errno.EBUSY, "port /dev/ttyACM1 is busy.*serial monitor.*fuser"),
        (errno.ENODEV, "there is no port /dev/ttyACM1"),
        (errno.EIO, "cannot open /dev/ttyACM1 as a serial port"),
    ],
)
def test_what_the_operating_system_refuses(monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(number, "could not open port")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(BoardError, match=words) as caught:
        open_port("/dev/ttyACM1")
    assert caught.value.exit_code == BOARD_OR_LINE


def test_a_port_that_is_open_already_is_busy() -> None:
    with (
        on_a_pty(FakeBoard()) as path,
        hardware(path),
        pytest.raises(BoardError, match=f"port {path} is busy"),
    ):
        open_port(path)


def test_a_port_can_be_opened_again_after_it_was_closed() -> None:
    with on_a_pty(FakeBoard()) as path:
        for _ in range(2):
            with hardware(path) as board:
                assert board.name == path
