"""A depthwise convolution of 3 x 3 from planes of columns:
firmware/engines/aot/variants/depthwise_columns.h."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT8_MAX, INT8_MIN
from codegen.aot.arithmetic.one_step import common_shift, solve
from codegen.aot.arithmetic.ranges import bias_without_zero_point, product_sums
from codegen.aot.arithmetic.wide_step import SHIFT_STEP, solve_wide
from codegen.aot.call import Assembly, Constant, KernelCall
from codegen.aot.operators.depthwise_conv_2d import Depthwise, read
from codegen.aot.variants.one_step import channels_of
from codegen.aot.variants.variant import Variant
from contract.graph import Model, Operator

TOGETHER = 4  # channels whose planes are made together
SCALE, ALIGN = 256, 8  # of the sums, and of their fast requantisation
MOST_PLANE = 1360  # bytes: the planes of four channels lie within the reach of one pointer
PLANES = (120, 248, 504, 1000, MOST_PLANE)  # bytes from one to the next: few, as code is made for each
MOST_COLUMN = 1020  # bytes: the reach of LDRD
MOST_UNROLLED = 3  # pairs of outputs in a row
ASSEMBLY = "variants/columns_m4.inc"


def match(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    conv = read(model, operator)
    batch, height, width, channels = conv.input.shape
    if batch != 1:
        return f"its batch is {batch}"
    if conv.depth_multiplier != 1:
        return f"its depth multiplier is {conv.depth_multiplier}"
    if conv.weights.shape[:2] != (3, 3):
        return f"its filter is {conv.weights.shape[0]} x {conv.weights.shape[1]}"
    if conv.options.stride not in ((1, 1), (2, 2)) or conv.options.dilation != (1, 1):
        return "its strides are neither 1 nor 2, or it is dilated"
    if channels < TOGETHER:
        return f"it has {channels} channels of the {TOGETHER} that are computed together"
    stride = conv.options.stride[0]
    tile = tile_of(conv.rows.outputs, conv.columns.outputs, stride)
    if tile is None:
        return "no tile of its outputs suits its width"
    ends = _ends(conv)
    if ends is None:
        return "its requantisation has no form of one multiplication"
    minimum, maximum = conv.limits
    step = {
        "shift": ends.wide_shift,
        "lowered": int(ends.lowered),
        "minimum": minimum,
        "maximum": maximum,
    }
    widths = {min(tile.columns, conv.columns.outputs), conv.columns.outputs % tile.columns} - {0}
    return KernelCall(
        operators=(operator,),
        kernel="depthwise_columns",
        header="variants/depthwise_columns.h",
        inputs=(conv.input.index,),
        outputs=(conv.output.index,),
        parameters={
            "input_height": height,
            "input_width": width,
            "channels": channels,
            "stride": stride,
            "padding_top": conv.rows.padding,
            "padding_left": conv.columns.padding,
            "padding_value": conv.input.zero_point,
            "output_height": conv.rows.outputs,
            "output_width": conv.columns.outputs,
            "tile_bands": tile.bands,
            "tile_columns": tile.columns,
            "plane_bytes": tile.plane,
            "weights": Constant("weights", _stream(conv, ends.words)),
            "fast_shift": ends.shift,
            "step": step,
            "words": Assembly(
                "columns_words", "thimble_columns_words", ASSEMBLY, {"plane": tile.plane}, shared=True
            ),
            "channel": Assembly(
                "columns_channel",
                "thimble_columns_channel",
                ASSEMBLY,
                {
                    "stride": stride,
                    "column": tile.column_bytes,
                    "pairs": _same({width // 2 for width in widths}, MOST_UNROLLED),
                    "rest": _same({width % 2 for width in widths}, 1),
                    "fast_shift": ends.shift,
                    **step,
                },
                shared=True,
            ),
        },
        description=conv.description,
        scratch=(TOGETHER - 1) * tile.plane + tile.needed,
        instructions=_instructions(conv, tile, ends),
        reason=f"2 products an instruction; {_requantised(ends)}",
    )


def _requantised(ends: "Ends") -> str:
    """In words, for --explain."""
    if ends.fast == len(ends.words):
        return "requantised in one step of 32 bits"
    return f"requantised in one step, {ends.fast} of {len(ends.words)} channels in 32 bits, the others in 64"


def _same(counts: set[int], most: int) -> int:
    """What all tiles have, up to `most`, for which code is made; or -1, where it has to be looked up."""
    return min(counts) if len(counts) == 1 and min(counts) <= most else -1


@dataclass(frozen=True)
class Tile:
    """The part of the output whose planes are made together."""

    bands: int  # of output rows: two where the stride is 1, else one
    columns: int  # of outputs, even
    stride: int

    @property
    def column_bytes(self) -> int:
        return 4 * (self.bands + 1)

    @property
    def needed(self) -> int:
        """Bytes of a plane."""
        return self.column_bytes * ((self.columns - 1) * self.stride + 3)

    @property
    def plane(self) -> int:
        """Bytes from one plane to the next."""
        return next(size for size in PLANES if size >= self.needed)


def tile_of(height: int, width: int, stride: int) -> Tile | None:
    """The tile for an output of this size for which the fewest words are made; None if there is none."""
    bands = -(-height // 2) if stride == 1 else height
    even = width + width % 2
    found: list[tuple[int, Tile]] = []
    for rows in range(1, min(bands, MOST_COLUMN // 4 - 1) + 1):
        most = (MOST_PLANE // (4 * (rows + 1)) - 3) // stride + 1
        widest = min(even, most // 2 * 2)
        equal = min(even, -(-even // -(-even // max(2, most)) // 2) * 2)
        for across in {widest, widest - 2, equal}:
            tile = Tile(rows, across, stride)
            # A last tile of a single column would have no pair, where the others have.
            alone = across >= 2 and across < width and width % across == 1
            if across >= 2 and not alone and tile.needed <= MOST_PLANE:
                tiles = -(-bands // rows) * -(-width // across)
                found.append((tiles * (rows + 1) * (across * stride + 2), tile))
    return min(found, key=lambda pair: (pair[0], pair[1].needed))[1] if found else None


@dataclass(frozen=True)
class Ends:
    """The requantisation of each channel."""

    words: list[tuple[bool, list[int]]]  # whether it is the fast one, and its constants
    shift: int  # of the fast ones; -1 if there is none
    wide_shift: int  # of the others; -1 if there is none
    lowered: bool  # the others, where they are negative

    @property
    def fast(self) -> int:
        return sum(fast for fast, _ in self.words)


def _ends(conv: Depthwise) -> Ends | None:
    """Those of all channels, or None where some channel has none."""
    filters = conv.filters
    sums = product_sums(filters)
    bias = bias_without_zero_point(filters, conv.bias, conv.input.zero_point)
    channels = channels_of(conv.multipliers, conv.output, conv.limits, sums, bias)
    factors = [float(factor) for factor in np.broadcast_to(conv.factors, len(filters))]
    if min(factors) <= 0:
        return None
    clamped = conv.limits != (INT8_MIN, INT8_MAX)
    shift = common_shift(channels, factors, ALIGN) // SHIFT_STEP * SHIFT_STEP
    found = [
        solve(channel, factor, ALIGN, shift, clamped) if shift >= 0 else None
        for channel, factor in zip(channels, factors, strict=True)
    ]
    if all(pair is not None for pair in found):
        return Ends([(True, list(pair)) for pair in found if pair is not None], shift, -1, False)
    wide = solve_wide(channels, factors, SCALE)
    if wide is None:
        return None
    words = [
        (True, list(pair)) if pair is not None else (False, [int(word) for word in wide.words[index]])
        for index, pair in enumerate(found)
    ]
    fast = any(pair is not None for pair in found)
    return Ends(words, shift if fast else -1, wide.shift, wide.units is not None)


def _instructions(conv: Depthwise, tile: Tile, ends: Ends) -> int:
    """Counted in the assembly, and fitted to what GCC makes of the rest."""
    rows, columns, channels = conv.rows.outputs, conv.columns.outputs, len(conv.filters)
    stride = tile.stride
    pair, single = (44.0, 25.0) if stride == 1 else (26.0, 14.0)
    if min(tile.columns, columns) // 2 > MOST_UNROLLED:
        pair += 3
    of_pair, of_single = (4, 2) if stride == 1 else (2, 1)  # outputs
    wide = 1 - ends.fast / channels  # of the channels
    pair += wide * (2 + of_pair + ends.lowered * (1 + 3 * of_pair))
    single += wide * (2 + of_single + ends.lowered * (1 + 3 * of_single))
    total = 0.0
    tile_rows = tile.bands * (2 if stride == 1 else 1)
    for top in range(0, rows, tile_rows):
        bands = -(-min(tile_rows, rows - top) // (2 if stride == 1 else 1))
        for left in range(0, columns, tile.columns):
            across = min(tile.columns, columns - left)
            band = 10 + across // 2 * pair + across % 2 * single
            read = (across - 1) * stride + 1
            words = (tile.bands + 1) * (11 + 19 * read) + 170
            total += 150 + channels * (56 + bands * band) + -(-channels // TOGETHER) * words
    return round(total)


def _stream(conv: Depthwise, ends: list[tuple[bool, list[int]]]) -> NDArray[np.int32]:
    """What the kernel reads, channel by channel: int32 (words,)."""
    weights = (conv.weights.astype(np.int32) * SCALE).astype("<i2")  # row, column, channel
    if conv.options.stride == (1, 1):
        halves = weights[[0, 1, 1, 2]].transpose(2, 1, 0)  # channel, column, half
    else:
        upper = weights[:2].transpose(2, 1, 0).reshape(-1, 6)
        halves = np.concatenate([upper, weights[2].T, np.zeros_like(upper[:, :3])], axis=1)
    words = np.ascontiguousarray(halves.reshape(len(ends), 12)).view("<i4")
    parts = [
        np.array([row[0] | int(fast), *row[1:], *constants], np.int64)
        for row, (fast, constants) in zip(words.astype(np.int64), ends, strict=True)
    ]
    return np.concatenate(parts).astype(np.int32)


VARIANT = Variant(
    name="columns",
    operator="DEPTHWISE_CONV_2D",
    goals=("speed",),
    about="3 x 3 with the stride 1 or 2, two products an instruction from planes of columns, a depth "
    "multiplier of 1, four channels or more",
    match=match,
)
