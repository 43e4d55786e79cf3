"""A dense layer with two weights in an int16: firmware/engines/aot/variants/fully_connected_lanes.h."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from codegen.aot.call import Assembly, Constant, KernelCall
from codegen.aot.operators import fully_connected
from codegen.aot.overlap import row_overlap
from codegen.aot.variants.lanes import lane_step
from codegen.aot.variants.variant import Variant
from codegen.aot.variants.words import WORD, word_halves, word_rows
from contract.graph import Model, Operator

UNROLLED = 8  # steps of the loops
ASSEMBLY = "variants/dense_m4.inc"
TOGETHER = {"chained": 8, "paired": 6}  # units


def match(model: Model, operator: Operator, form: str) -> KernelCall | str:
    """The call, or why there is none. `form` is one of TOGETHER."""
    dense = fully_connected.read(model, operator)
    units, depth = dense.weights.shape
    step = lane_step(dense, dense.weights, dense.limits)
    if isinstance(step, str):
        return step
    together = TOGETHER[form]
    quads = -(-depth // WORD)
    # Groups of units, half a word of inputs, lane.
    products = _lanes(word_rows(dense.weights), form)
    ends = np.pad(step.words, ((0, -units % together), (0, 0))).reshape(len(products), -1)
    stream: NDArray[np.int32] = np.concatenate([products, ends], axis=1)
    return KernelCall(
        operators=(operator,),
        kernel="fully_connected_lanes",
        header="variants/fully_connected_lanes.h",
        inputs=(dense.input.index,),
        outputs=(dense.output.index,),
        parameters={
            "rows": dense.rows,
            "depth": depth,
            "units": units,
            "quads": quads,
            "together": together,
            "weights": Constant("weights", stream),
            "step": step.fields,
            "assembly": Assembly(
                f"dense_{form}", f"thimble_dense_{form}", ASSEMBLY, step.fields, shared=True
            ),
        },
        description=dense.description,
        overlaps={dense.input.index: row_overlap(dense.rows, depth, units)},
        scratch=quads * 8,
        instructions=_instructions(dense.rows, units, quads, form, step.output_instructions),
        reason=f"4 products an instruction; {step.about}",
    )


def _lanes(weights: NDArray[np.int8], form: str) -> NDArray[np.int32]:
    """The lanes of each group of units for each two inputs: int32 (groups, words)."""
    together = TOGETHER[form]
    filled = np.pad(weights, ((0, -len(weights) % together), (0, 0))).astype(np.int16)
    groups = filled.reshape(-1, together, weights.shape[1])
    if form == "chained":
        lower, upper = groups[:, [0, 1, 2, 4, 5, 6]], groups[:, [1, 2, 3, 5, 6, 7]]
    else:
        lower, upper = groups[:, 0::2], groups[:, 1::2]
    lanes = lower + 256 * upper
    halves = word_halves(lanes.reshape(*lanes.shape[:2], -1, WORD)).transpose(0, 2, 3, 1, 4)
    products: NDArray[np.int32] = np.ascontiguousarray(halves).view("<i4").reshape(len(groups), -1)
    return products


def _instructions(rows: int, units: int, quads: int, form: str, output: int) -> int:
    """Counted in the assembly, and fitted to what GCC makes of the rest."""
    together = TOGETHER[form]
    step, decode = (16, 12) if form == "chained" else (21, 6)
    group = 4 + step * quads + 3 * -(-quads // UNROLLED) + decode + together * (output + 2)
    calls = int(units >= together) + int(units % together > 0)
    return rows * (-(-units // together) * group + 7 * quads + 45 * calls + units % together * 4)


CHAINED = Variant(
    name="chained",
    operator="FULLY_CONNECTED",
    goals=("speed",),
    about="eight units in six accumulators (two weights in an int16), half as many bytes more",
    match=partial(match, form="chained"),
)
PAIRED = Variant(
    name="paired",
    operator="FULLY_CONNECTED",
    goals=("speed",),
    about="six units in six accumulators (two weights in an int16), no bytes more",
    match=partial(match, form="paired"),
)
