"""A convolution of any shape with two multiply-accumulates an instruction, and the pooling behind it:
firmware/engines/aot/variants/conv_2d_dual.h.

Weights stay int8; bias, zero points and everything else that is constant for a channel are in the offset of
its requantisation.
"""

from collections.abc import Mapping

import numpy as np

from codegen.aot.call import Constant, KernelCall
from codegen.aot.families.convolution import filter_fields
from codegen.aot.overlap import Overlap, every, image_overlap, reads
from codegen.aot.variants.one_step import one_step, reason_of
from codegen.aot.variants.pooled import Pair, pair_of
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
    window = (1, 1) if pool is None else pool.options.window
    groups = -(-window[0] * window[1] // POSITIONS)
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
            "pool_height": window[0],
            "pool_width": window[1],
            "pool_stride_height": 1 if pool is None else pool.options.stride[0],
            "pool_stride_width": 1 if pool is None else pool.options.stride[1],
            "pool_padding_top": 0 if pool is None else pool.rows.padding,
            "pool_padding_left": 0 if pool is None else pool.columns.padding,
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
        overlaps=_overlap(pair, as_row),
        description=pair.description,
        scratch=groups * quads * POSITIONS * 8 + quads * WORD,
        reason=reason_of(requantized),
    )


def _overlap(pair: Pair, as_row: bool) -> Mapping[int, Overlap]:
    """All windows of up to four pixels, or of a pooled one, are read before an output is written."""
    conv, pool = pair.conv, pair.pool
    batch, height, width, channels = conv.input.shape
    filters, *taps = conv.weights.shape[:3]
    if as_row:
        pixels = every(batch * height * width)
        row = image_overlap(every(1), pixels, len(pixels.first), channels, filters, POSITIONS)
        return {conv.input.index: row}
    group = POSITIONS
    sides = []
    for axis, (windows, size) in enumerate(((conv.rows, height), (conv.columns, width))):
        stride, dilation = conv.options.stride[axis], conv.options.dilation[axis]
        side = reads(windows, size, taps[axis], stride, dilation)
        if pool is not None:
            group = 1
            pooled = (pool.rows, pool.columns)[axis]
            side = side.of(
                reads(pooled, windows.outputs, pool.options.window[axis], pool.options.stride[axis])
            )
        sides.append(side)
    return {conv.input.index: image_overlap(sides[0], sides[1], width, channels, filters, group)}


VARIANT = Variant(
    name="dual",
    operator="CONV_2D",
    goals=("speed", "size"),
    about="two products an instruction (SMLAD), any shape, a maximum pooling behind it in the same pass",
    match=match,
)
