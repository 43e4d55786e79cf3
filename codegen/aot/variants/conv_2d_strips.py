"""A convolution of any shape with four filters in three accumulators, from weights that stay int8:
firmware/engines/aot/variants/conv_2d_strips.h."""

import numpy as np

from codegen.aot.call import Assembly, Constant, KernelCall
from codegen.aot.variants.conv_2d_chained import ASSEMBLY, TOGETHER, Layer, copy_bytes, layer_of
from codegen.aot.variants.pooled import Pair, pair_of, windows_of
from codegen.aot.variants.variant import Variant
from codegen.aot.variants.words import WORD
from contract.graph import Model, Operator

MOST_PATCHES = 12288  # bytes of a tile
SPREAD = 24  # positions over which a strip costs little


def match(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    pair = pair_of(model, operator)
    return "a pooling follows" if pair.pool is not None else call_of(pair)


def call_of(pair: Pair) -> KernelCall | str:
    """The call for a checked convolution without pooling, or why there is none."""
    layer = layer_of(pair)
    if isinstance(layer, str):
        return layer
    conv, step = pair.conv, layer.step
    tile = _tile(layer)
    # For each word of a window the four bytes of each filter.
    weights = layer.laid_out.transpose(0, 2, 1, 3).reshape(-1, TOGETHER * WORD)
    filters = len(conv.weights)
    scratch = (
        2 * WORD * layer.words  # windows
        + 6 * WORD * layer.words  # the strip
        + WORD * layer.ends.shape[1]
        + (WORD * tile if filters % TOGETHER else 0)
        + 8 * layer.words * tile
        + copy_bytes(pair)
    )
    return KernelCall(
        operators=pair.operators,
        kernel="conv_2d_strips",
        header="variants/conv_2d_strips.h",
        inputs=(conv.input.index,),
        outputs=(pair.output,),
        parameters={
            "conv": {**layer.fields, "weights": None, "assembly": None, "backward": 0},
            "tile": tile,
            "weights": Constant("weights", np.ascontiguousarray(weights), word_aligned=True),
            "ends": Constant("ends", layer.ends),
            "positions": Assembly(
                "chained_positions", "thimble_chained_positions", ASSEMBLY, step.fields, shared=True
            ),
            "strip": Assembly("chained_strip", "thimble_chained_strip", ASSEMBLY, {}, shared=True),
            "backward": 0,
        },
        overlaps=layer.overlaps(tile),
        description=pair.description,
        scratch=scratch,
        instructions=_instructions(layer, tile),
        reason=f"16 products in 6 multiplications, {tile} positions for each strip of lanes; {step.about}",
    )


def _tile(layer: Layer) -> int:
    """Positions whose patches are made before the filters are gone through: even."""
    positions = windows_of(layer.pair)[0]
    even = positions + positions % 2
    most = max(2, MOST_PATCHES // (8 * layer.words) // 2 * 2)
    return min(even, most, SPREAD)


def _instructions(layer: Layer, tile: int) -> int:
    """Counted in the assembly, and fitted to what GCC makes of the rest."""
    positions = windows_of(layer.pair)[0]
    groups = -(-len(layer.pair.conv.weights) // TOGETHER)
    tiles = -(-positions // tile)
    strip = 15 * layer.words + 6 * layer.ends.shape[1] + 60
    blocks = -(-positions // 2) * (layer.block_instructions + 6)
    copies = positions * (len(layer.pair.conv.weights) % TOGETHER) * 6
    return groups * (tiles * strip + blocks) + copies + layer.patch_instructions


VARIANT = Variant(
    name="strips",
    operator="CONV_2D",
    goals=("speed",),
    about="four filters in three accumulators from weights that stay int8, any shape without a pooling "
    "behind it, where flash is short",
    match=match,
)
