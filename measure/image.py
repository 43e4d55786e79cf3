"""What an image needs of the memories, from the linker's output."""

import re
from dataclasses import dataclass
from pathlib import Path

from contract.errors import UserError
from measure.tools import cross, run


@dataclass(frozen=True)
class Sizes:
    """Bytes, as the tool `size` counts: `text` is code and constants, `data` lies in flash and RAM."""

    text: int
    data: int
    bss: int

    @property
    def flash(self) -> int:
        return self.text + self.data

    @property
    def ram(self) -> int:
        """Statics alone, without the stack."""
        return self.data + self.bss


def sizes(image: Path, native: bool = False) -> Sizes:
    """The sizes of `image`: an ELF file for Arm, or a program of this machine."""
    listing = run(["size", str(image)]) if native else cross("size", str(image))
    return parse_sizes(listing)


def parse_sizes(listing: str) -> Sizes:
    """Read what `size` prints: a line of names, a line of numbers. macOS names the segments instead."""
    names, values = (line.split() for line in listing.strip().splitlines()[:2])
    columns = dict(zip(names, values, strict=False))
    text, data = columns.get("text", columns.get("__TEXT")), columns.get("data", columns.get("__DATA"))
    if text is None or data is None:
        raise UserError(f"size printed the columns {' '.join(names)}, not text and data; install binutils")
    return Sizes(int(text), int(data), int(columns.get("bss", 0)))


# " .rodata.conv_1_weights" and, on this line or the next, "0x00000abc  0x80 <folder>/model.c.o".
_INPUT_SECTION = re.compile(r"^ \.rodata\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S.*)$", re.MULTILINE)


def constant_bytes(linker_map: Path, folder: str = "objects/generated/") -> int:
    """Bytes of read-only data that come from the objects in `folder`, as the linker kept them.

    By default these are the objects of the sources that codegen wrote: weights, biases, multipliers, tables
    and the description of the model.
    """
    try:
        text = linker_map.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {linker_map}: {error.strerror}; make -C firmware writes it") from error
    kept = text.partition("Linker script and memory map")[2]
    return sum(int(size, 16) for size, file in _INPUT_SECTION.findall(kept) if folder in file)


def symbol_address(image: Path, name: str) -> int:
    """The address of the function `name`, as the program counter shows it. UserError where there is none."""
    for line in cross("nm", str(image)).splitlines():
        fields = line.split()
        if fields[-1] == name and len(fields) == 3:
            return int(fields[0], 16)
    raise UserError(f"{image} has no symbol {name}; build it with make -C firmware bare")
