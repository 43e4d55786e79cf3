"""Which layer each executed instruction belongs to.

The generated model_invoke() is one straight line of kernel calls. An image compiled
with -g tells for every address the source lines it comes from, through inlined functions too. An instruction
inside model_invoke, inlined kernels included, belongs to the call of its line there, which layers.json names;
one in a function that was called from it belongs to the last call of model_invoke seen before it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from measure.tools import cross

INVOKE = "model_invoke"  # the function of the generated model.c
OTHER = "(entry, exit)"  # before the first layer and behind the last one


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
