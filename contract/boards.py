"""What a board is: firmware/boards/<board>/board.json, the one place for it.

    python -m contract.boards list                  the boards, a line each
    python -m contract.boards make BOARD            what board.json says, for make
    python -m contract.boards header BOARD FOLDER   the same for C: FOLDER/board_config.h

This module needs the standard library alone, since make asks it before any package is installed.
"""

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from contract.cli import run
from contract.documents import read_document
from contract.errors import UserError
from contract.files import write_text

FOLDER = Path(__file__).parent.parent / "firmware" / "boards"
FILE_NAME = "board.json"
LINES = ("semihosting", "uart", "usb", "pty")
ENGINES = ("aot", "tflm")
TICK_UNITS = ("cycle", "instruction", "nanosecond")
STACK_BYTES = 16384  # of an emulated board; what lies below is guarded
CODE_BYTES = 65536  # of flash that are set aside for code where constants are chosen
STACK_GUARD_BYTES = 32 << 20
DEFAULT = "mps2-an386"  # what is measured and compared on where nothing else is said


@dataclass(frozen=True)
class Emulator:
    """A machine of qemu-system-arm. Addresses are hexadecimal texts."""

    machine: str
    flash: str  # where the vectors lie at reset
    ram: str
    uart: str  # a CMSDK UART
    timer: str  # a CMSDK timer
    timer_hz: int  # what it counts a second

    def __post_init__(self) -> None:
        for name in ("flash", "ram", "uart", "timer"):
            if not re.fullmatch(r"0x[0-9a-fA-F]{1,8}", getattr(self, name)):
                raise ValueError(f"{name} is {getattr(self, name)}, not an address such as 0x20000000")
        if int(self.ram, 16) % STACK_GUARD_BYTES:
            raise ValueError(f"ram is {self.ram}, not a multiple of 32 MB, below which the stack is guarded")


@dataclass(frozen=True)
class UsbId:
    """How the operating system knows a board; hexadecimal texts."""

    vendor: str
    product: str
    in_bootloader: bool

    @property
    def pair(self) -> tuple[int, int]:
        return int(self.vendor, 16), int(self.product, 16)


@dataclass(frozen=True)
class Board:
    """One board. What the application may use of its memories is in bytes; None where there is no limit."""

    title: str
    core: str  # Cortex-M4F
    lines: tuple[str, ...]  # how the host reaches it, the default first
    engines: tuple[str, ...]  # the default first
    flash_bytes: int | None
    ram_bytes: int | None
    tick_unit: str  # cycle, instruction, nanosecond
    tick_hz: int
    family: str = ""  # the folder of the sources it shares with others; empty: its own
    aliases: tuple[str, ...] = ()
    compiler_flags: str = ""
    emulator: Emulator | None = None
    usb: tuple[UsbId, ...] = ()
    name: str = ""  # of the folder

    def __post_init__(self) -> None:
        for name, known in (("lines", LINES), ("engines", ENGINES)):
            values = getattr(self, name)
            if not values or not set(values) <= set(known):
                raise ValueError(f"{name} is {' '.join(values) or 'empty'}, not of {' '.join(known)}")
        if self.tick_unit not in TICK_UNITS:
            raise ValueError(f"tick_unit is {self.tick_unit}, not one of {' '.join(TICK_UNITS)}")
        if min(self.flash_bytes or 1, self.ram_bytes or 1, self.tick_hz) < 1:
            raise ValueError("a size or frequency is not above 0")
        if bool(self.family) != (self.emulator is not None):
            raise ValueError("family and emulator belong together: give both or neither")
        if self.emulator is not None:
            self._check_emulated(self.emulator)

    def _check_emulated(self, emulator: Emulator) -> None:
        if not self.compiler_flags:
            raise ValueError("compiler_flags are missing, such as -mcpu=cortex-m3 -mthumb -mfloat-abi=soft")
        if not (FOLDER / self.family / "board.mk").is_file():
            raise ValueError(
                f"family is {self.family}, but firmware/boards/{self.family}/board.mk is not there"
            )
        if self.flash_bytes is None or self.ram_bytes is None or self.ram_bytes <= STACK_BYTES:
            raise ValueError(
                f"flash_bytes or ram_bytes are missing, or no RAM is left beside {STACK_BYTES} of stack"
            )
        if emulator.timer_hz < 1 or self.tick_hz % emulator.timer_hz:
            raise ValueError(f"timer_hz is {emulator.timer_hz}, not a divisor of tick_hz, {self.tick_hz}")

    @property
    def full_title(self) -> str:
        """Name and title, for people."""
        return f"{self.name} ({self.title})" if self.emulator or not self.usb else self.title


def boards() -> dict[str, Board]:
    """Every board by its name. UserError for a damaged board.json."""
    names = sorted(path.parent.name for path in FOLDER.glob(f"*/{FILE_NAME}"))
    return {name: replace(_read(name), name=name) for name in names}


def board(name: str) -> Board:
    """The board with this name or alias. UserError where there is none."""
    if re.fullmatch(r"[\w.-]+", name) and (FOLDER / name / FILE_NAME).is_file():
        return replace(_read(name), name=name)  # whatever is wrong with others
    known = boards()
    found = next((one for one in known.values() if name in one.aliases), None)
    if found is None:
        raise UserError(f"there is no board {name}; firmware/boards has {', '.join(known)}")
    return found


def _read(name: str) -> Board:
    return read_document(FOLDER / name / FILE_NAME, Board, "docs/adding-a-board.md")


def make_variables(found: Board) -> str:
    """One line that make evaluates."""
    variables = {
        "BOARD_LINES": " ".join(found.lines),
        "BOARD_ENGINES": " ".join(found.engines),
        "BOARD_FAMILY": found.family,
        "BOARD_COMPILER_FLAGS": found.compiler_flags,
        "BOARD_MACHINE": found.emulator.machine if found.emulator else "",
    }
    evaluated = "".join(f"$(eval {name} := {value})" for name, value in variables.items())
    return f"$(eval override BOARD := {found.name}){evaluated}"


def header(found: Board) -> str:
    """The text of board_config.h, for C, C++ and the linker script's preprocessor."""
    numbers = {
        "BOARD_FLASH_BYTES": found.flash_bytes,
        "BOARD_RAM_BYTES": found.ram_bytes,
        "BOARD_TICK_HZ": found.tick_hz,
    }
    if found.emulator:
        numbers["BOARD_STACK_BYTES"] = STACK_BYTES
        numbers["BOARD_TIMER_HZ"] = found.emulator.timer_hz
    defines = [f"#define {name} {value}" for name, value in numbers.items() if value is not None]
    if found.emulator:
        places = {
            "BOARD_FLASH": found.emulator.flash,
            "BOARD_RAM": found.emulator.ram,
            "BOARD_UART": found.emulator.uart,
            "BOARD_TIMER": found.emulator.timer,
        }
        defines.extend(f"#define {name} {value}" for name, value in places.items())
    return "\n".join(
        [
            f"/* What board.json says of {found.name}. Written by python -m contract.boards. */",
            "#ifndef THIMBLE_BOARD_CONFIG_H",
            "#define THIMBLE_BOARD_CONFIG_H",
            "",
            f'#define BOARD_NAME "{found.name}"',
            f"#define BOARD_TICK_UNIT TICK_UNIT_{found.tick_unit.upper()} /* of core/protocol.h */",
            *defines,
            "",
            "#endif",
            "",
        ]
    )


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["list"]:
        for found in boards().values():
            print(f"{found.name:12} {found.title}; lines {' '.join(found.lines)}")
    elif arguments[:1] == ["make"]:
        try:
            print(make_variables(board(arguments[1] if len(arguments) == 2 else "")))
        except UserError as error:
            print(f"$(error {error})")
    elif arguments[:1] == ["header"] and len(arguments) == 3:
        path, text = Path(arguments[2]) / "board_config.h", header(board(arguments[1]))
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)
    else:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    run(main)
