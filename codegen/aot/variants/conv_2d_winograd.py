"""A convolution of 3 x 3 by Winograd's minimal filtering, exact on integers:
firmware/engines/aot/variants/conv_2d_winograd.h."""

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT8_MIN, INT32_MAX
from codegen.aot.arithmetic.ranges import Ranges, bias_without_zero_point
from codegen.aot.arithmetic.wide_step import WideStep, solve_wide
from codegen.aot.call import Assembly, Constant, KernelCall
from codegen.aot.operators.conv_2d import Convolution
from codegen.aot.variants.one_step import channels_of
from codegen.aot.variants.pooled import pair_of
from codegen.aot.variants.variant import Variant
from codegen.aot.variants.words import WORD, word_halves
from contract.graph import Model, Operator

# G of F(4 x 4, 3 x 3), times 24, its last row times 12.
WEIGHTS: NDArray[np.int64] = np.array(
    [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 12]]
)
SCALE = 576  # of the sums
POINTS = 36
TILE = 4  # outputs, both ways
TOGETHER = 4  # filters
MOST_CHANNELS = 44  # whose loop, which is spelled out, has less than 1,024 bytes
ASSEMBLY = "variants/winograd_m4.inc"


def match(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    pair = pair_of(model, operator)
    conv = pair.conv
    batch, height, width, channels = conv.input.shape
    if pair.pool is not None:
        return "a pooling follows"
    if batch != 1:
        return f"its batch is {batch}"
    if conv.groups > 1:
        return f"its channels are in {conv.groups} groups"
    options = conv.options
    if conv.weights.shape[1:3] != (3, 3) or options.stride != (1, 1) or options.dilation != (1, 1):
        return "it is not 3 x 3 with the stride 1"
    if channels % WORD or channels > MOST_CHANNELS:
        return f"it has {channels} channels, not a multiple of {WORD} up to {MOST_CHANNELS}"
    step = _step(conv, pair.limits)
    if isinstance(step, str):
        return step
    filters = len(conv.weights)
    groups = -(-filters // TOGETHER)
    beside = conv.rows.outputs % TILE or conv.columns.outputs % (2 * TILE) or filters % TOGETHER
    return KernelCall(
        operators=pair.operators,
        kernel="conv_2d_winograd",
        header="variants/conv_2d_winograd.h",
        inputs=(conv.input.index,),
        outputs=(pair.output,),
        parameters={
            "input_height": height,
            "input_width": width,
            "channels": channels,
            "padding_top": conv.rows.padding,
            "padding_left": conv.columns.padding,
            "padding_value": conv.input.quantization.zero_point,
            "output_height": conv.rows.outputs,
            "output_width": conv.columns.outputs,
            "filters": filters,
            "weights": Constant("weights", _stream(conv, step)),
            "step": step.fields,
            "transform": Assembly(
                "winograd_transform",
                "thimble_winograd_transform",
                ASSEMBLY,
                {"channels": channels},
                shared=True,
            ),
            "multiply": Assembly(
                "winograd_multiply",
                "thimble_winograd_multiply",
                ASSEMBLY,
                {"channels": channels, **step.fields},
                shared=True,
            ),
        },
        description=pair.description,
        scratch=POINTS * (channels + 1) * WORD
        + 60 * channels
        + (2 * TILE * TILE * TOGETHER * groups if beside else 0),
        instructions=_instructions(conv, step),
        reason=f"a quarter of the products, by Winograd's F(4 x 4, 3 x 3); {step.about}",
    )


def _step(conv: Convolution, limits: tuple[int, int]) -> WideStep | str:
    """The requantisation, or why there is none. Inputs count from 0 to 255."""
    weights = conv.weights.reshape(len(conv.weights), -1).astype(np.int64)
    positive = np.maximum(weights, 0).sum(axis=1)
    negative = np.minimum(weights, 0).sum(axis=1)
    sums = Ranges(255 * negative, 255 * positive)
    farthest = SCALE * int(max(-sums.least.min(), sums.greatest.max()))
    if farthest > INT32_MAX:
        return f"{SCALE} times its sums reach to {farthest:,}, beyond 32 bits"
    bias = bias_without_zero_point(conv.weights, conv.bias, conv.input.quantization.zero_point)
    bias = bias + INT8_MIN * weights.sum(axis=1)
    channels = channels_of(conv.multipliers, conv.output, limits, sums, bias)
    step = solve_wide(channels, list(np.broadcast_to(conv.factors, len(weights))), SCALE)
    return "its requantisation has no form of one multiplication" if step is None else step


def _stream(conv: Convolution, step: WideStep) -> NDArray[np.int32]:
    """What the kernel reads, in its order: int32 (groups, words)."""
    filters, _, _, channels = conv.weights.shape
    missing = -filters % TOGETHER
    transformed = np.einsum("ai,bj,fijc->fabc", WEIGHTS, WEIGHTS, conv.weights.astype(np.int64))
    filled = np.pad(transformed.reshape(filters, POINTS, channels), ((0, missing), (0, 0), (0, 0)))
    by_word = filled.astype(np.int16).reshape(-1, TOGETHER, POINTS, channels // WORD, WORD)
    halves = word_halves(by_word)
    # Groups, point, word of channels, half, filter.
    products = np.ascontiguousarray(halves.transpose(0, 2, 3, 4, 1, 5)).view("<i4")
    words = step.words
    ordered = np.concatenate([words[:, 1:3], words[:, :1], words[:, 3:]], axis=1)
    ends = np.pad(ordered, ((0, missing), (0, 0))).reshape(len(by_word), -1)
    stream: NDArray[np.int32] = np.concatenate([products.reshape(len(by_word), -1), ends], axis=1)
    return stream


def _instructions(conv: Convolution, step: WideStep) -> int:
    """Counted in the assembly, and fitted to what GCC makes of the rest."""
    filters, _, _, channels = conv.weights.shape
    groups = -(-filters // TOGETHER)
    tiles = -(-conv.rows.outputs // TILE) * -(-conv.columns.outputs // (2 * TILE))
    source = 52 * channels + 150
    transform = channels // WORD * 1440 + 20
    output = step.output_instructions + 1
    multiply = groups * (POINTS * (11 * channels // 2 + 4) + 8 * (190 + 16 * output) + 40)
    return tiles * (source + transform + multiply + 120)


VARIANT = Variant(
    name="winograd",
    operator="CONV_2D",
    goals=("speed",),
    about="3 x 3 with the stride 1, a quarter of the products (Winograd's F(4 x 4, 3 x 3), exact on "
    f"integers), a multiple of {WORD} channels up to {MOST_CHANNELS}",
    match=match,
)
