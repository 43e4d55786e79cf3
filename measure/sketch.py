"""What an Arduino sketch takes of its board, read from its ELF file: who has arduino-cli may lack binutils.

The file format is the System V ABI's (https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.sheader.html).
"""

import struct
from pathlib import Path

from contract.boards import Board
from contract.errors import UserError
from measure.image import Sizes

# ELF header of a 32-bit little-endian file: up to the section headers' place, size, number and names.
_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SECTION = struct.Struct("<10I")
_MAGIC = b"\x7fELF\x01\x01"


def sketch_sizes(image: Path, board: Board) -> Sizes:
    """The sizes of the linked sketch, counted as Arduino's size line does (the core's recipe.size.regex).

    UserError where the file is not one, or the sketch is larger than the board.
    """
    sections = section_bytes(image)

    def total(*beginnings: str) -> int:
        return sum(size for name, size in sections.items() if name.startswith(beginnings))

    sizes = Sizes(text=total(".text", ".rodata"), data=total(".data"), bss=sections.get(".bss", 0))
    for what, used, limit in (
        ("flash", sizes.flash, board.flash_bytes),
        ("RAM", sizes.ram, board.ram_bytes),
    ):
        if limit is not None and used > limit:
            raise UserError(
                f"the sketch takes {used:,} bytes of {what}, the board has {limit:,}; use a smaller model"
            )
    return sizes


def section_bytes(image: Path) -> dict[str, int]:
    """The size of every section of an ELF file for Arm, by its name."""
    data = image.read_bytes()
    try:
        if not data.startswith(_MAGIC):
            raise ValueError("it does not begin as a 32-bit little-endian ELF file does")
        header = _HEADER.unpack_from(data)
        start, entry_bytes, count, names_index = header[6], header[11], header[12], header[13]
        sections = [_SECTION.unpack_from(data, start + index * entry_bytes) for index in range(count)]
        names = sections[names_index][4]
        return {_text(data, names + section[0]): section[5] for section in sections}
    except (struct.error, IndexError, ValueError) as error:
        raise UserError(f"{image} is not a linked sketch ({error}); run make firmware again") from error


def _text(data: bytes, start: int) -> str:
    return data[start : data.index(b"\0", start)].decode("ascii", "replace")
