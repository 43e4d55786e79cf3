"""A convolution of any shape with four filters in three accumulators, and the pooling behind it:
firmware/engines/aot/variants/conv_2d_chained.h."""

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN
from codegen.aot.arithmetic.ranges import bias_without_zero_point, product_sums
from codegen.aot.arithmetic.wide_step import WideStep, solve_wide
from codegen.aot.call import Assembly, Constant, KernelCall, Value
from codegen.aot.families.convolution import filter_fields
from codegen.aot.variants.one_step import channels_of
from codegen.aot.variants.pooled import Pair, overlap_of, pair_of, pool_fields, windows_of
from codegen.aot.variants.variant import Variant
from codegen.aot.variants.words import WORD
from contract.graph import Model, Operator

TOGETHER = 4  # filters in three accumulators
POSITIONS = 2  # of the output that share each weight
SCALE = 256  # of the sums that are requantised
MOST_SUM = 2**23 - 1  # by which four sums are told from three lanes
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
    # Without dilation the taps of a row lie side by side in the input: one run of bytes.
    runs = 1 if conv.options.dilation[1] == 1 else filter_width
    run_bytes = filter_width * channels // runs
    run_words = -(-run_bytes // WORD)
    words = filter_height * runs * run_words
    minimum, maximum = step.limits or (INT8_MIN, INT8_MAX)
    end = {
        "shift": step.shift,
        "lowered": int(step.units is not None),
        "minimum": minimum,
        "maximum": maximum,
    }
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
            **filter_fields(conv, (filter_height, filter_width)),
            "padding_value": conv.input.quantization.zero_point,
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
            "end": dict[str, Value](end),
            "assembly": Assembly("chained", "thimble_chained_filters", ASSEMBLY, end, shared=True),
            "backward": 0,
        },
        overlaps=overlap_of(pair, POSITIONS, across_rows=True),
        description=pair.description,
        scratch=(POSITIONS * 8 + POSITIONS * WORD) * words + _pooled_bytes(pair),
        instructions=_instructions(pair, step, words, filter_height * runs),
        reason=f"16 products in 6 multiplications; requantised in one step of 64 bits{_exceptions(step)}",
    )


def _exceptions(step: WideStep) -> str:
    """What the requantisation does besides."""
    lowered = "" if step.units is None else ", negative outputs lowered by a unit"
    return lowered if step.limits is None else f"{lowered}, clamped"


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
    ends = np.pad(step.words, ((0, missing), (0, 0))).reshape(len(taps), -1)
    stream: NDArray[np.int32] = np.concatenate([products, ends], axis=1)
    return stream


def _instructions(pair: Pair, step: WideStep, words: int, runs: int) -> int:
    """Counted in the assembly, and fitted to what GCC makes of the rest."""
    filters = len(pair.conv.weights)
    output = 8 + (9 if step.units is not None else 0) + (6 if step.limits is not None else 0)
    steps = 2 * words
    block = 22 + 8 * steps + 2 * -(-(steps - 1) // UNROLLED) + 4 * output
    calls = int(filters >= TOGETHER) + int(filters % TOGETHER > 0)
    windows, copied = windows_of(pair)
    pairs = -(-windows // POSITIONS)
    patches = pairs * (20 + runs * 16 + 9 * words)
    copies = copied * words * WORD * 7
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
