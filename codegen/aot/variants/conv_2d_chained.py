"""A convolution of any shape with four filters in three accumulators, and the pooling behind it:
firmware/engines/aot/variants/conv_2d_chained.h."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT8_MIN
from codegen.aot.arithmetic.ranges import bias_without_zero_point, product_sums
from codegen.aot.arithmetic.wide_step import WideStep, solve_wide
from codegen.aot.call import Assembly, Constant, KernelCall, Value
from codegen.aot.families.convolution import filter_fields
from codegen.aot.operators.conv_2d import Convolution
from codegen.aot.overlap import FAR, Overlap
from codegen.aot.variants.one_step import channels_of
from codegen.aot.variants.pooled import Pair, overlap_of, pair_of, pool_fields, windows_of
from codegen.aot.variants.variant import Variant
from codegen.aot.variants.words import WORD
from contract.graph import Model, Operator

TOGETHER = 4  # filters in three accumulators
POSITIONS = 2  # of the output that share each weight
SCALE = 256  # of the sums that are requantised
MOST_SUM = 2**23 - 1  # by which four sums are told from three lanes
MOST_COPY = 4096  # bytes
UNROLLED = 16  # steps of the loop
ASSEMBLY = "variants/chained_m4.inc"


def match(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
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
    if len(conv.weights) == 1:
        return "one filter would leave three of four idle"
    if conv.weights.min() == INT8_MIN:
        return "a weight is -128: two of them in an int16 reach to 127 * 257"
    sums = product_sums(conv.weights)
    farthest = int(max(-sums.least.min(), sums.greatest.max()))
    if farthest > MOST_SUM:
        return f"its sums reach to {farthest:,}, of {MOST_SUM:,}"
    bias = bias_without_zero_point(conv.weights, conv.bias, conv.input.quantization.zero_point)
    filters, filter_height, filter_width, _ = conv.weights.shape
    factors = list(np.broadcast_to(conv.factors, filters))
    step = solve_wide(channels_of(conv.multipliers, conv.output, pair.limits, sums, bias), factors, SCALE)
    if step is None:
        return "its requantisation has no form of one multiplication"
    conv_height, conv_width = conv.rows.outputs, conv.columns.outputs
    output_height, output_width = (
        (conv_height, conv_width) if pool is None else (pool.rows.outputs, pool.columns.outputs)
    )
    if as_row:
        height, width = 1, batch * height * width
        conv_height, conv_width = output_height, output_width = 1, width
    copied = _padded(pair)
    if copied is not None:
        height, width = copied
    # Without dilation the taps of a row lie side by side in the input: one run of bytes.
    runs = 1 if conv.options.dilation[1] == 1 else filter_width
    run_bytes = filter_width * channels // runs
    run_words = -(-run_bytes // WORD)
    words = filter_height * runs * run_words
    return KernelCall(
        operators=pair.operators,
        kernel="conv_2d_chained",
        header="variants/conv_2d_chained.h",
        inputs=(conv.input.index,),
        outputs=(pair.output,),
        parameters={
            "input_height": height,
            "input_width": width,
            "channels": channels,
            **_filter_fields(conv, copied is not None),
            "padding_value": conv.input.quantization.zero_point,
            "copy": {
                "height": conv.input.shape[1] if copied else 0,
                "width": conv.input.shape[2] if copied else 0,
                "top": conv.rows.padding if copied else 0,
                "left": conv.columns.padding if copied else 0,
            },
            "conv_height": conv_height,
            "conv_width": conv_width,
            **pool_fields(pair),
            "output_height": output_height,
            "output_width": output_width,
            "filters": filters,
            "runs": runs,
            "run_bytes": run_bytes,
            "run_words": run_words,
            "weights": Constant("weights", _stream(conv.weights, runs, step)),
            "step": step.fields,
            "assembly": Assembly("chained", "thimble_chained_filters", ASSEMBLY, step.fields, shared=True),
            "backward": 0,
        },
        overlaps={conv.input.index: Overlap(FAR, -FAR)}
        if copied
        else overlap_of(pair, POSITIONS, across_rows=True),
        description=pair.description,
        scratch=(POSITIONS * 8 + POSITIONS * WORD) * words + _pooled_bytes(pair) + _copy_bytes(pair),
        instructions=_instructions(pair, step, words, filter_height * runs),
        reason=f"16 products in 6 multiplications; {step.about}",
    )


def _filter_fields(conv: Convolution, copied: bool) -> Mapping[str, Value]:
    """How the filter moves, over the input or over its copy with padding."""
    fields = dict(filter_fields(conv, (conv.weights.shape[1], conv.weights.shape[2])))
    return fields | {"padding_top": 0, "padding_left": 0} if copied else fields


def _padded(pair: Pair) -> tuple[int, int] | None:
    """Height and width of a copy of the input with its padding, where that is small and some window needs
    it."""
    conv = pair.conv
    if windows_of(pair)[1] == 0:
        return None
    height, width = (
        max(
            size + side.padding,
            (side.outputs - 1) * conv.options.stride[axis]
            + (conv.weights.shape[1 + axis] - 1) * conv.options.dilation[axis]
            + 1,
        )
        for axis, (side, size) in enumerate(
            ((conv.rows, conv.input.shape[1]), (conv.columns, conv.input.shape[2]))
        )
    )
    return (height, width) if height * width * conv.input.shape[3] <= MOST_COPY else None


def _copy_bytes(pair: Pair) -> int:
    padded = _padded(pair)
    return 0 if padded is None else padded[0] * padded[1] * pair.conv.input.shape[3] + WORD


def _stream(weights: NDArray[np.int8], runs: int, step: WideStep) -> NDArray[np.int32]:
    """What the kernel reads, in its order: int32 (words,)."""
    filters, filter_height = weights.shape[:2]
    missing = -filters % TOGETHER
    laid_out = weights.reshape(filters, filter_height * runs, -1)
    fill = -laid_out.shape[2] % WORD
    padded = np.pad(laid_out, ((0, missing), (0, 0), (0, fill))).astype(np.int16)
    taps = padded.reshape(-1, TOGETHER, padded[0].size // WORD, WORD)  # groups, filter, word, byte
    lanes = (taps[:, :-1] + 256 * taps[:, 1:]).astype("<i2")  # groups, lane, word, byte
    # For each word the bytes 0 and 2, then 1 and 3, of all lanes.
    steps = lanes[..., [0, 2, 1, 3]].reshape(*lanes.shape[:3], 2, 2).transpose(0, 2, 3, 1, 4)
    products = np.ascontiguousarray(steps).view("<i4").reshape(len(taps), -1)
    twice = np.concatenate([step.words[:, 1:3], step.words], axis=1)  # the offset before the multiplier, too
    ends = np.pad(twice, ((0, missing), (0, 0))).reshape(len(taps), -1)[:, 2:]
    stream: NDArray[np.int32] = np.concatenate([products, ends], axis=1)
    return stream


def _instructions(pair: Pair, step: WideStep, words: int, runs: int) -> int:
    """Counted in the assembly, and fitted to what GCC makes of the rest."""
    filters = len(pair.conv.weights)
    output = 2 * step.output_instructions + 1 + (step.units is not None)  # of a filter at both positions
    steps = 2 * words
    block = 23 + 8 * steps + 2 * -(-(steps - 1) // UNROLLED) + 4 * output
    calls = int(filters >= TOGETHER) + int(filters % TOGETHER > 0)
    windows, copied = windows_of(pair)
    pairs = -(-windows // POSITIONS)
    patches = pairs * (20 + runs * 16 + 9 * words)
    channels = pair.conv.input.shape[3]
    copies = copied * words * (WORD * 7 if channels % WORD else 8)
    if _padded(pair) is not None:
        copies = _copy_bytes(pair) * 3
    return pairs * (-(-filters // TOGETHER) * block + calls * 34 + filters % TOGETHER * 8) + patches + copies


def _pooled_bytes(pair: Pair) -> int:
    """For the outputs of a pooling window."""
    if pair.pool is None:
        return 0
    height, width = pair.pool.options.window
    return height * width * -(-len(pair.conv.weights) // WORD) * WORD


VARIANT = Variant(
    name="chained",
    operator="CONV_2D",
    goals=("speed",),
    about="four filters in three accumulators (two weights in an int16), any shape, a maximum "
    "pooling behind it in the same pass",
    match=match,
)
