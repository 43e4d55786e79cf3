"""arena.h: how many bytes of RAM the interpreter gets for tensors, scratch buffers and its own records."""

import math

from codegen.c_source import GENERATED, comment
from contract.graph import Model
from contract.operators import REGISTRY

ALIGNMENT = 16  # of the arena and of every buffer in it (MicroArenaBufferAlignment)
SLACK = 1024  # bytes for the records of scratch buffers and for what another version of the library adds


def scratch_bytes(model: Model) -> int:
    """The largest scratch buffer that an operator asks for on the board, and not on the host that recorded
    the arena."""
    return max(
        (REGISTRY[operator.name].cortex_m_scratch_bytes(model, operator) for operator in model.operators),
        default=0,
    )


def arena_bytes(model: Model, recorded_bytes: int) -> int:
    """The arena's size: what was recorded on a 64-bit host, the scratch buffer, slack, rounded up."""
    needed = recorded_bytes + scratch_bytes(model) + SLACK
    return math.ceil(needed / ALIGNMENT) * ALIGNMENT


def arena_header(model: Model, name: str, recorded_bytes: int) -> str:
    """The text of arena.h. `recorded_bytes` is the manifest's `arena_bytes`."""
    about = comment(
        [
            f"The tensor arena of the model {name}.",
            GENERATED,
            "",
            "What TensorFlow Lite Micro recorded is of a 64-bit host, where its own data are larger than on",
            f"the board. Added are {scratch_bytes(model)} bytes for the largest scratch buffer, for which",
            f"only the Cortex-M kernels ask, and {SLACK} bytes of slack.",
        ]
    )
    return f"""{about}
#ifndef THIMBLE_ARENA_H
#define THIMBLE_ARENA_H

#include <stddef.h>

constexpr size_t arena_recorded_bytes = {recorded_bytes};
constexpr size_t arena_bytes = {arena_bytes(model, recorded_bytes)};
constexpr size_t arena_alignment = {ALIGNMENT};

#endif
"""
