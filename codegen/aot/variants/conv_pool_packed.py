"""A convolution with the 2 x 2 pooling behind it, four multiply-accumulates an instruction:
firmware/engines/aot/variants/conv_pool_packed.h.

That header explains the arithmetic. Here is the choice of the field layout by proven ranges, the packing of
the weights, the sizes of the stream (which the kernel is given), and the reasons why a layer cannot have this
variant.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT32_MAX
from codegen.aot.arithmetic.one_step import OneStep, solve_layer
from codegen.aot.arithmetic.ranges import bias_without_zero_point, product_sums
from codegen.aot.call import Assembly, Constant, KernelCall, Value
from codegen.aot.variants.one_step import channels_of
from codegen.aot.variants.pooled import Pair, pair_of
from codegen.aot.variants.variant import Variant
from contract.graph import Model, Operator

HEADER = "variants/conv_pool_packed.h"
ASSEMBLY = "variants/conv_pool_packed_m4.inc"

FILTER_ROWS = 4  # what a window of weight rows is padded to
MOST_TAPS = 16  # assembled one behind the other: three times 32 bytes of code for each
MOST_WORDS_BEHIND = 1020  # LDRD and STRD reach so many bytes
MOST_BYTES_BEHIND = 4095  # LDRSB, ADD and SUB reach so many
FAST_CHANNELS = 4  # with fewer, the additions of the fast form cost more than its products save


@dataclass(frozen=True)
class Layout:
    """Where the three fields of a 64-bit sum lie: at 0, `split` and 2 * `split`. The sums of a filter may
    differ by less than 2^bits. `flag` is what the sums carry besides, so that the assembly takes the greatest
    of four in six instructions."""

    bits: int
    split: int
    flag: int


LAYOUTS = (Layout(19, 22, 1 << (22 + 19)), Layout(21, 21, 1 << (42 + 21)))


@dataclass(frozen=True)
class Shape:
    """The packed form of one layer in numbers."""

    height: int  # after pooling
    width: int
    filters: int
    channels: int
    taps_x: int  # pairs of taps along x
    fast: bool

    @property
    def taps(self) -> int:
        """Taps of a unit."""
        return self.channels * (1 if self.fast else self.taps_x)

    @property
    def positions(self) -> int:
        """One more than outputs, for the last odd output; pairs of positions with `fast`."""
        return self.width + 1 + ((self.width + 1) % 2 if self.fast else 0)

    @property
    def units(self) -> int:
        return self.positions // 2 * 3 if self.fast else self.positions

    @property
    def words(self) -> int:
        """Packed words along x that the positions read."""
        return self.positions + self.taps_x - 1

    @property
    def blocks(self) -> list[int]:
        """The pooled rows of each block: 3, and 2 at the end so that no single row is left."""
        left, blocks = self.height, []
        while left:
            blocks.append(3 if left == 3 or left > 4 else 2)
            left -= blocks[-1]
        return blocks

    def part_words(self, rows: int) -> int:
        """Of each of the three parts of a unit in the stream of a block of `rows`."""
        return self.taps * (rows + 1)

    def unit_words(self, rows: int) -> int:
        """Of a unit: its parts, and the step to the next unit's weights."""
        return 3 * self.part_words(rows) + 1

    @property
    def part_weights(self) -> int:
        """Words of the weights of a part: two for each tap."""
        return 2 * self.taps

    @property
    def unit_weights(self) -> int:
        """Words of the weights of a unit: the start of the sums, three times, and three parts."""
        return 6 + 3 * self.part_weights

    @property
    def stream_start(self) -> int:
        """Words of scratch before the first block's stream, behind the padded copy."""
        if self.fast:  # one filter's expanded weights, multiplier and offset
            return 3 * self.unit_weights + 2
        return (self.taps_x - 1) * self.unit_words(self.blocks[0])  # written and never read

    @property
    def padded(self) -> tuple[int, int]:
        """Rows and columns of the input that the blocks read."""
        return 2 * self.height + 3, 2 * self.words

    @property
    def padded_words(self) -> int:
        """Of a padded copy of the input."""
        return -(-self.padded[0] * self.padded[1] * self.channels // 4)

    def scratch_bytes(self, copy: bool) -> int:
        """Of a padded copy of the input, if there is one, and of the streams of a block or, where `fast`, of
        two blocks, which then share the expanded weights."""
        words = self.stream_start + self.units * sum(
            map(self.unit_words, self.blocks[: 2 if self.fast else 1])
        )
        if not self.fast:  # units behind the stream that are written and never read
            words += (self.taps_x - 1) * self.unit_words(self.blocks[0])
        return 4 * (words + (self.padded_words if copy else 0))


def match(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    pair = pair_of(model, operator)
    shape = _shape(pair)
    if isinstance(shape, str):
        return shape
    conv = pair.conv
    sums = product_sums(conv.weights)
    layout = next((layout for layout in LAYOUTS if sums.widest < 1 << layout.bits), None)
    if layout is None:
        return f"its sums span {sums.widest:,}, a field holds {1 << LAYOUTS[-1].bits:,}"
    bias = bias_without_zero_point(conv.weights, conv.bias, conv.input.quantization.zero_point)
    channels = channels_of(
        conv.multipliers, conv.output, pair.limits, sums, bias, origins=sums.least + (1 << layout.bits)
    )
    factors = np.broadcast_to(conv.factors, shape.filters)
    one_step = solve_layer(channels, list(factors), 31 - layout.bits, clamped=False)
    if one_step is None:
        return "its requantisation has no form of one multiplication"
    words = _pack(conv.weights, shape, layout, one_step)
    if words is None:
        return "sums of its weights do not fit the fields of a word"
    return _call(pair, shape, layout, words, one_step.shift)


def _shape(pair: Pair) -> Shape | str:
    """The layer in numbers, or why it cannot have this form."""
    conv, pool = pair.conv, pair.pool
    batch, _, _, channels = conv.input.shape
    if conv.groups > 1:
        return f"its channels are in {conv.groups} groups"
    filters, filter_height, filter_width, _ = conv.weights.shape
    options = conv.options
    if pool is None:
        return "no 2 x 2 pooling follows"
    if batch != 1:
        return f"its batch is {batch}"
    if options.stride != (1, 1) or options.dilation != (1, 1):
        return "its stride or dilation is not 1"
    if (pool.options.window, pool.options.stride) != ((2, 2), (2, 2)) or pool.reaches_outside:
        return "its pooling is not 2 x 2 of stride 2 within the input"
    if not FILTER_ROWS - 1 <= filter_height <= FILTER_ROWS:
        return f"filters of {filter_height} rows do not fill the packed window of {FILTER_ROWS}"
    height, width = pool.rows.outputs, pool.columns.outputs
    if height < 2:
        return "it has a single row of outputs"
    taps_x = -(-filter_width // 2)
    shape = Shape(height, width, filters, channels, taps_x, taps_x == 2 and channels >= FAST_CHANNELS)
    if shape.taps > MOST_TAPS:
        return (
            f"{shape.taps} taps of packed weights are more than the {MOST_TAPS} that its code is unrolled for"
        )
    rows = max(shape.blocks)
    if max(16 * rows * shape.units + 4, 2 * width * filters) > MOST_BYTES_BEHIND or filters > 255:
        return "its rows are too long for the reach of the assembly"
    return shape


def _pack(
    weights: NDArray[np.int8], shape: Shape, layout: Layout, one_step: OneStep
) -> NDArray[np.int32] | None:
    """The stored words (filters, words), or None where the sums of weights the kernel forms leave int32."""
    filters, filter_height, filter_width, channels = weights.shape
    taps = np.zeros((filters, FILTER_ROWS, shape.taps_x, 2, channels), np.int64)
    taps.reshape(filters, FILTER_ROWS, -1, channels)[:, :filter_height, :filter_width] = weights
    packed = taps[..., 1, :] + (taps[..., 0, :] << layout.split)  # filters, row, tap along x, channel
    upper, lower = packed[:, 0::2], packed[:, 1::2]  # filters, pair of rows, tap along x, channel
    parts = np.stack([upper + lower, upper, lower], axis=1)  # filters, part, pair of rows, tap, channel
    used = [parts, parts.sum(axis=3)] if shape.fast else [parts]
    if max(np.abs(part).max() for part in used) > INT32_MAX:
        return None
    # The start makes the least sum of each field 0. Field 0 is what the right weights of the pairs give.
    least = product_sums(weights).least
    right = taps[..., 1, :].astype(np.int8).reshape(filters, -1)
    least_0 = product_sums(right).least
    start = [
        (int(-zero) + (int(-all_) << layout.split) + (int(zero - all_) << 2 * layout.split) + layout.flag)
        % 2**64
        for zero, all_ in zip(least_0, least, strict=True)
    ]
    starts = np.array([[one & 0xFFFFFFFF, one >> 32] for one in start], np.uint32).view(np.int32)
    ends = np.stack([one_step.multipliers, one_step.offsets], axis=1)
    if shape.fast:
        stored = packed.transpose(0, 3, 1, 2).reshape(filters, -1).astype(np.int32)
        return np.concatenate([starts, ends, stored], axis=1)
    ordered = parts.transpose(0, 1, 3, 4, 2).reshape(filters, -1).astype(np.int32)
    return np.concatenate([np.tile(starts, 3), ordered, ends], axis=1)


def _call(pair: Pair, shape: Shape, layout: Layout, words: NDArray[np.int32], shift: int) -> KernelCall:
    conv, pool = pair.conv, pair.pool
    assert pool is not None
    _, height, width, channels = conv.input.shape
    padded_height, padded_width = shape.padded
    copy = bool(conv.rows.padding or conv.columns.padding or height < padded_height or width < padded_width)
    pitch = (padded_width if copy else width) * channels
    functions: dict[str, Value] = dict.fromkeys(("rows_3", "rows_2", "stream_3", "stream_2", "expand"))
    for rows in sorted(set(shape.blocks), reverse=True):
        functions[f"rows_{rows}"] = Assembly(
            f"rows_{rows}",
            "thimble_packed_rows",
            ASSEMBLY,
            {
                "bits": layout.bits,
                "fast": int(shape.fast),
                "rows": rows,
                "taps": shape.taps,
                "units": shape.units,
                "columns": shape.width,
                "filters": shape.filters,
                "shift": shift,
            },
        )
        part_bytes = 4 * shape.part_words(rows)
        unit_bytes = 4 * shape.unit_words(rows)
        if (
            not shape.fast
            and 2 * part_bytes + 8 + (shape.taps_x - 1) * unit_bytes <= MOST_WORDS_BEHIND
            and (2 * rows + 2) * pitch + channels <= MOST_BYTES_BEHIND
        ):
            functions[f"stream_{rows}"] = Assembly(
                f"stream_{rows}",
                "thimble_packed_stream",
                ASSEMBLY,
                {
                    "split": layout.split,
                    "rows": rows,
                    "taps_x": shape.taps_x,
                    "channels": channels,
                    "pitch": pitch,
                },
            )
    if shape.fast:
        functions["expand"] = Assembly("expand", "thimble_packed_expand", ASSEMBLY, {"channels": channels})
    return KernelCall(
        operators=pair.operators,
        kernel="conv_pool_packed",
        header=HEADER,
        inputs=(conv.input.index,),
        outputs=(pool.output.index,),
        parameters={
            "input_height": height,
            "input_width": width,
            "channels": channels,
            "output_height": shape.height,
            "output_width": shape.width,
            "filters": shape.filters,
            "padding_top": conv.rows.padding,
            "padding_left": conv.columns.padding,
            "padded_height": padded_height if copy else 0,
            "padded_width": padded_width if copy else 0,
            "padding_value": conv.input.quantization.zero_point,
            "pitch": pitch,
            "bits": layout.bits,
            "split": layout.split,
            "shift": shift,
            "fast": int(shape.fast),
            "taps_x": shape.taps_x,
            "positions": shape.positions,
            "units": shape.units,
            "part_weights": shape.part_weights,
            "unit_weights": shape.unit_weights,
            "filter_words": words.shape[1],
            "padded_words": shape.padded_words if copy else 0,
            "stream_start": shape.stream_start,
            "blocks_of_3": shape.blocks.count(3),
            "blocks_of_2": shape.blocks.count(2),
            **{
                f"block_{rows}": {
                    "rows": rows,
                    "part_words": shape.part_words(rows),
                    "unit_words": shape.unit_words(rows),
                }
                for rows in (3, 2)
            },
            "weights": Constant("weights", words, tuple(f"filter {index}" for index in range(len(words)))),
            **functions,
        },
        description=(*pair.description, *_explained(pair, shape, layout)),
        scratch=shape.scratch_bytes(copy),
        reason=f"4 products an instruction: sums span {product_sums(conv.weights).widest:,} of the "
        f"{1 << layout.bits:,} that a field holds; {words.shape[1]} words a filter",
    )


def _explained(pair: Pair, shape: Shape, layout: Layout) -> list[str]:
    sums = product_sums(pair.conv.weights)
    return [
        f"  packed: sums span at most {sums.widest:,} of the {1 << layout.bits:,} that a field holds;",
        f"  words are low + high * 2^{layout.split}, {shape.taps} taps a unit, "
        + ("three units for two positions" if shape.fast else "a unit for each position")
        + f", blocks of {' + '.join(map(str, shape.blocks))} rows",
    ]


VARIANT = Variant(
    name="packed",
    operator="CONV_2D",
    goals=("speed",),
    about="four products an instruction (SMLAL) with the 2 x 2 maximum pooling of stride 2 behind it, where "
    "the actual weights prove that no field overflows",
    match=match,
)
