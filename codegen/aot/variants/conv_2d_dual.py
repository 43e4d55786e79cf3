"""A convolution of any shape with two multiply-accumulates an instruction, and the pooling behind it:
firmware/engines/aot/variants/conv_2d_dual.h.

Weights stay int8; bias, zero points and everything else that is constant for a channel are in the offset of
its requantisation.
"""

import numpy as np

from codegen.aot.call import Constant, KernelCall
from codegen.aot.families.convolution import filter_fields
from codegen.aot.variants.one_step import one_step, reason_of
from codegen.aot.variants.pooled import Pair, overlap_of, pair_of, pool_fields, pooled_positions, windows_of
from codegen.aot.variants.variant import Variant
from codegen.aot.variants.words import WORD, word_rows
from contract.graph import Model, Operator

POSITIONS = 4  # windows of a convolution that share each weight


def match(model: Model, operator: Operator) -> KernelCall | str:
    """The call, with the pooling behind the convolution if it can be fused; or why there is none."""
    return call_of(pair_of(model, operator))


def call_of(pair: Pair) -> KernelCall | str:
    """The call for a checked convolution and its pooling, or why there is none."""
    conv, pool = pair.conv, pair.pool
    batch, height, width, channels = conv.input.shape
    if conv.groups > 1:
        return f"its channels are in {conv.groups} groups"
    as_row = pool is None and conv.is_pointwise
    if batch != 1 and not as_row:
        return f"its batch is {batch}"
    conv_height, conv_width = conv.rows.outputs, conv.columns.outputs
    output_height, output_width = (
        (conv_height, conv_width) if pool is None else (pool.rows.outputs, pool.columns.outputs)
    )
    if as_row:
        # One row of pixels, so that four neighbours share each weight whatever the image's width is.
        height, width = 1, batch * height * width
        conv_height, conv_width = output_height, output_width = 1, width
    filters, filter_height, filter_width, _ = conv.weights.shape
    weights = word_rows(conv.weights.reshape(filters, -1))
    quads = weights.shape[1] // WORD
    requantized = one_step(conv, conv.weights, pair.limits, np.zeros(filters, np.int64))
    groups = -(-pooled_positions(pair) // POSITIONS)
    return KernelCall(
        operators=pair.operators,
        kernel="conv_2d_dual",
        header="variants/conv_2d_dual.h",
        inputs=(conv.input.index,),
        outputs=(pair.output,),
        parameters={
            "input_height": height,
            "input_width": width,
            "channels": channels,
            **filter_fields(conv, (filter_height, filter_width)),
            "padding_value": conv.input.quantization.zero_point,
            "conv_height": conv_height,
            "conv_width": conv_width,
            **pool_fields(pair),
            "output_height": output_height,
            "output_width": output_width,
            "filters": filters,
            "quads": quads,
            "groups": groups,
            "weights": Constant(
                "weights",
                weights.reshape(filters, quads, WORD),
                tuple(f"filter {index}" for index in range(filters)),
                word_aligned=True,
            ),
            "requantization": requantized,
            "backward": 0,
        },
        overlaps=overlap_of(pair, POSITIONS),
        description=pair.description,
        scratch=groups * quads * POSITIONS * 8 + quads * WORD,
        instructions=_instructions(pair, quads, "steps" in requantized),
        reason=reason_of(requantized),
    )


def _instructions(pair: Pair, quads: int, in_one_step: bool) -> int:
    """Counted in the assembly, and fitted to what GCC makes of the rest."""
    conv = pair.conv
    filters, filter_height, *_ = conv.weights.shape
    windows, outside = windows_of(pair)
    groups = -(-windows // POSITIONS)
    outputs = POSITIONS if pair.pool is None else 1
    sums = 15 * quads + 13 + outputs * (9 if in_one_step else 26)
    pointwise = pair.pool is None and conv.is_pointwise
    patch = 14 * quads + (12 if pointwise else 24 * filter_height + 15)
    padded = outside * filter_height * 60
    return groups * (filters * sums + POSITIONS * patch) + padded


VARIANT = Variant(
    name="dual",
    operator="CONV_2D",
    goals=("speed", "size"),
    about="two products an instruction (SMLAD), any shape, a maximum pooling behind it in the same pass",
    match=match,
)
