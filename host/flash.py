"""Puts an image on the Arduino board: upload with arduino-cli, wait for the port, ask what runs there."""

import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from contract.errors import UserError
from contract.firmware import Firmware, read_firmware
from contract.protocol import HelloReply
from host.boards import built_image
from host.boards.hardware import hardware
from host.checks import check_image
from host.errors import BoardError
from host.ports import PortInfo, list_ports
from host.session import Session

PROGRAM = "arduino-cli"
BOARD = "nano33ble"  # the name of the board, of the sketch and of its profile
UPLOAD_SECONDS = 300.0  # the first upload may download the tool that writes the flash
RETURN_SECONDS = 20.0  # from the end of the upload until the new firmware's port is there and opens
POLL_SECONDS = 0.1

BOOTLOADER_HINT = (
    "press the reset button twice quickly, until the orange light fades in and out, and flash again"
)


def flash(folder: Path, port: str | None) -> str:
    """Upload the image in `folder`, check that the board runs it, and return a line that says so.

    `port` names the board where several are plugged in. UserError where the set-up is at fault, BoardError
    where the upload fails, the port does not come back, or the board runs another model than the image's.
    """
    firmware = read_firmware(folder)
    if firmware.board != BOARD:
        raise UserError(f"{folder} holds an image for {firmware.board}; make flash BOARD={BOARD} builds one")
    built_image(firmware, folder)
    program = shutil.which(PROGRAM)
    if program is None:
        raise UserError(f"{PROGRAM} is not installed; docs/hardware.md says how to install it")
    before = list_ports()
    target = choose(before, port)
    _upload(program, folder, target)
    if firmware.link == "uart":
        return (
            f"uploaded to {target}; its line is the UART: say PORT= with the adapter's port to make validate"
        )
    others = {other.path for other in before if other.known and other.path != target}
    path, hello = _wait_for_answer(target, others)
    _check(hello, firmware)
    return f"{path} runs the engine {hello.engine} with the model {hello.sha256}"


def choose(ports: list[PortInfo], port: str | None) -> str:
    """The path of the board to flash, running or in its bootloader.

    UserError where there are several and `port` does not say which, BoardError where there is none.
    """
    if port is not None:
        if port not in {each.path for each in ports}:
            raise BoardError(f"there is no port {port}; python -m host ports lists them")
        return port
    boards = [each for each in ports if each.known and each.known.board == BOARD]
    if len(boards) > 1:
        listed = ", ".join(f"{each.path} ({each.known.title})" for each in boards if each.known)
        raise UserError(f"{len(boards)} boards are plugged in: {listed}; say which with PORT= or --port")
    if not boards:
        raise BoardError(
            "no Arduino Nano 33 BLE found; plug it in with a cable that carries data, and if it is, "
            + BOOTLOADER_HINT
        )
    return boards[0].path


def _upload(program: str, folder: Path, port: str) -> None:
    command = [
        program, "upload", "--profile", BOARD, "--port", port,
        "--input-dir", str(folder / "arduino"), str(folder / BOARD),
    ]  # fmt: skip
    try:
        # What it prints goes to the terminal: the progress, and its own words where it fails.
        code = subprocess.run(command, check=False, timeout=UPLOAD_SECONDS).returncode
    except OSError as error:
        raise UserError(f"cannot start {program}: {error.strerror}; install {PROGRAM} again") from error
    except subprocess.TimeoutExpired as error:
        raise BoardError(
            f"{PROGRAM} did not finish uploading to {port} within {UPLOAD_SECONDS:.0f} s; {BOOTLOADER_HINT}"
        ) from error
    if code:
        raise BoardError(
            f"{PROGRAM} could not upload to {port} (exit code {code}, its own words are above); close every "
            f"program that has the port open, or {BOOTLOADER_HINT}"
        )


def _wait_for_answer(target: str, others: set[str]) -> tuple[str, HelloReply]:
    """The port at which the flashed board came back, perhaps under another path, and what runs there.

    `others` are the ports of boards that were there before and were not flashed. For a moment after a reset
    a port may be there and not open, until the operating system has given it its permissions.
    """
    give_up = time.monotonic() + RETURN_SECONDS
    failure = BoardError(
        f"the image was uploaded to {target}, but the board did not come back within {RETURN_SECONDS:.0f} s; "
        "press its reset button once, look at python -m host ports, and flash again if it is not there"
    )
    while time.monotonic() < give_up:
        path = _returned(list_ports(), target, others)
        if path is not None:
            with ExitStack() as opened:
                try:
                    board = opened.enter_context(hardware(path))
                except BoardError as error:
                    failure = error
                else:
                    return path, Session(board).hello()
        time.sleep(POLL_SECONDS)
    raise failure


def _returned(ports: list[PortInfo], target: str, others: set[str]) -> str | None:
    """The path of the board that runs firmware and is none of `others`; `target` itself is preferred."""
    running = [
        port.path
        for port in ports
        if port.known and not port.known.in_bootloader and port.known.board == BOARD
    ]
    mine = [path for path in running if path not in others]
    return target if target in mine else mine[0] if mine else None


def _check(hello: HelloReply, firmware: Firmware) -> None:
    if hello.sha256 != firmware.sha256:
        raise BoardError(
            f"the board runs another model than the one just built: {hello.sha256} instead of "
            f"{firmware.sha256}; the upload did not take: {BOOTLOADER_HINT}"
        )
    check_image(hello, firmware)
