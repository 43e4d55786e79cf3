"""An image's instructions by address, as the GNU disassembler prints them."""

import re
from dataclasses import dataclass
from pathlib import Path

from measure.tools import cross

CONDITIONS = ("eq", "ne", "cs", "hs", "cc", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")

# "  4:	f851 0b04 	ldr.w	r0, [r1], #4	@ comment". Constants between the code begin with a point: .word
_LINE = re.compile(
    r"^ *([0-9a-f]+):\t((?:[0-9a-f]{4} ?)+) *\t([a-z][a-z0-9.]*)[ \t]*([^@;\n]*)", re.MULTILINE
)
_REGISTER = re.compile(r"\b(?:r(?:1[0-5]|[0-9])|sl|fp|ip|sp|lr|pc)\b")
_RANGE = re.compile(r"\b([rsd])(\d+)-\1(\d+)\b")


@dataclass(frozen=True)
class Instruction:
    """One Thumb instruction."""

    address: int
    size: int  # bytes, 2 or 4
    mnemonic: str  # as printed, without .n or .w: addeq, ldr, vadd.f32
    operands: str  # as printed, without the disassembler's comment

    @property
    def next(self) -> int:
        """The address of the instruction behind this one."""
        return self.address + self.size

    @property
    def registers(self) -> tuple[str, ...]:
        """The core registers that are named, in the printed order."""
        return tuple(_REGISTER.findall(self.operands))

    @property
    def address_registers(self) -> frozenset[str]:
        """The registers between the square brackets: what a load or store computes its address from."""
        _, bracket, address = self.operands.partition("[")
        return frozenset(_REGISTER.findall(address.partition("]")[0])) if bracket else frozenset()

    @property
    def list_length(self) -> int:
        """How many registers stand between the braces of a load, store, push or pop of several."""
        inside = self.operands[self.operands.index("{") + 1 : self.operands.index("}")]
        ranges = [(int(first), int(last)) for _, first, last in _RANGE.findall(inside)]
        singles = [name for name in inside.split(",") if "-" not in name]
        return sum(last - first + 1 for first, last in ranges) + len(singles)


def disassemble(image: Path) -> dict[int, Instruction]:
    """The instructions of every code section of `image` (ELF, Arm), by address, in ascending order."""
    return parse(cross("objdump", "-d", "-w", str(image)))


def parse(listing: str) -> dict[int, Instruction]:
    """Read what `objdump -d` prints."""
    instructions = {}
    for address, code, mnemonic, operands in _LINE.findall(listing):
        name = mnemonic.removesuffix(".n").removesuffix(".w")
        size = 2 * len(code.split())
        instructions[int(address, 16)] = Instruction(int(address, 16), size, name, operands.strip())
    return instructions
