"""Which layer each executed instruction belongs to.

The generated model_invoke() is one straight line of kernel calls, each naming its layer. An image compiled
with -g tells for every address the source lines it comes from, through inlined functions too. An instruction
inside model_invoke, inlined kernels included, belongs to the layer of its line there; one in a function that
was called from it belongs to the layer of the call, which is the last line of model_invoke seen before it.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.tools import cross
from contract.errors import UserError

INVOKE = "model_invoke"  # the function of the generated model.c
OTHER = "(entry, exit)"  # before the first layer and behind the last one


def layer_lines(source: str, layers: Sequence[str]) -> dict[int, str]:
    """The layer of each line of model_invoke in the text of model.c; a fused call names several."""
    lines = source.splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith(f"void {INVOKE}(")), None)
    if start is None:
        raise UserError(f"the generated model.c has no {INVOKE}(); generate it again")
    of_line: dict[int, str] = {}
    for number, line in enumerate(lines[start:], start + 1):
        if line.startswith("}"):
            break
        words = re.findall(r"\w+", line)
        named = [layer for layer in layers if layer in words]
        if named and not line.lstrip().startswith("/*"):
            of_line[number] = " + ".join(named)
    return of_line


def invoke_lines(image: Path, addresses: Sequence[int]) -> dict[int, int]:
    """The line of model_invoke for those `addresses` that belong to it; the image has debug lines."""
    listing = cross(
        "addr2line", "-a", "-f", "-i", "-e", str(image), stdin="\n".join(f"{one:#x}" for one in addresses)
    )
    return parse_inlining(listing)


def parse_inlining(listing: str) -> dict[int, int]:
    """Read `addr2line -a -f -i`: an address, then function and file:line in turn, the innermost first."""
    lines: dict[int, int] = {}
    address = -1
    function = ""
    for line in listing.splitlines():
        if line.startswith("0x"):
            address, function = int(line, 16), ""
        elif not function:
            function = line
        else:
            place = line.partition(" (discriminator")[0].rpartition(":")[2]
            if function == INVOKE and place.isdigit():
                lines[address] = int(place)
            function = ""
    return lines


def layer_of_each(
    trace: NDArray[np.uint32], lines: dict[int, int], of_line: dict[int, str]
) -> tuple[list[str], NDArray[np.intp]]:
    """The names of the layers, and for each instruction of one inference (N) the index of its layer there.

    `trace` has the N addresses in order, `lines` the line of model_invoke by address.
    """
    names = [OTHER, *dict.fromkeys(of_line.values())]
    addresses, index = np.unique(trace, return_inverse=True)
    own = np.array([_index(names, of_line.get(lines.get(int(one), 0))) for one in addresses], np.intp)[index]
    # Where an instruction has no layer of its own, the last one before it that has.
    last = np.maximum.accumulate(np.where(own > 0, np.arange(len(trace)), -1))
    return names, np.where(last >= 0, own[last], 0)


def _index(names: list[str], name: str | None) -> int:
    return 0 if name is None else names.index(name)
