"""A dense layer with four multiply-accumulates in three instructions:
firmware/engines/aot/variants/fully_connected_dual.h.

Weights stay int8; bias, zero points and the products of neighbouring weights are in the offset of the
requantisation.
"""

import numpy as np
from numpy.typing import NDArray

from codegen.aot.call import Constant, KernelCall
from codegen.aot.operators import fully_connected
from codegen.aot.overlap import row_overlap
from codegen.aot.variants.one_step import one_step, reason_of
from codegen.aot.variants.variant import Variant
from codegen.aot.variants.words import WORD, word_rows
from contract.graph import Model, Operator

UNITS = 5  # of the layer, that share each input


def match(model: Model, operator: Operator) -> KernelCall | str:
    """The call: every dense layer can have it."""
    dense = fully_connected.read(model, operator)
    units, depth = dense.weights.shape
    weights = word_rows(dense.weights)
    # What the products of neighbouring weights add to every sum of a unit.
    pairs = (weights[:, 0::2].astype(np.int64) * weights[:, 1::2]).sum(axis=1)
    requantized = one_step(dense, dense.weights, dense.limits, -pairs)
    quads = weights.shape[1] // WORD
    blocks = units // UNITS
    together = weights[: blocks * UNITS].reshape(blocks, UNITS, quads, WORD).transpose(0, 2, 1, 3)
    rows: tuple[str, ...] = ()
    ordered: NDArray[np.int8] = np.concatenate([together.ravel(), weights[blocks * UNITS :].ravel()])
    if blocks * UNITS == units:
        rows = tuple(f"units {first} to {first + UNITS - 1}" for first in range(0, units, UNITS))
        ordered = ordered.reshape(blocks, quads, UNITS * WORD)
    return KernelCall(
        operators=(operator,),
        kernel="fully_connected_dual",
        header="variants/fully_connected_dual.h",
        inputs=(dense.input.index,),
        outputs=(dense.output.index,),
        parameters={
            "rows": dense.rows,
            "depth": depth,
            "units": units,
            "quads": quads,
            "blocks": blocks,
            "weights": Constant("weights", ordered, rows, word_aligned=True),
            "requantization": requantized,
        },
        description=dense.description,
        overlaps={dense.input.index: row_overlap(dense.rows, depth, units)},
        scratch=quads * 8,
        instructions=_instructions(dense.rows, units, quads, "steps" in requantized),
        reason=reason_of(requantized),
    )


def _instructions(rows: int, units: int, quads: int, in_one_step: bool) -> int:
    """Counted in the assembly, and fitted to what GCC makes of the rest."""
    output = 9 if in_one_step else 17
    blocks, rest = divmod(units, UNITS)
    return rows * (
        blocks * (22 * quads + 45 + UNITS * output) + rest * (10 * quads + 10 + output) + 9 * quads + 20
    )


VARIANT = Variant(
    name="dual",
    operator="FULLY_CONNECTED",
    goals=("speed", "size"),
    about="four products in three instructions (S. Winograd's inner product), any shape",
    match=match,
)
