"""The packed form of a convolution with its 2 x 2 pooling: firmware/engines/aot/conv_pool_packed.h.

That header explains the arithmetic. Here is the choice of the field layout by proven ranges, the packing of
the weights, the sizes of the stream, and the reasons why a layer cannot have this form.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot.fusion import Pair
from codegen.aot.one_step import OneStep
from codegen.aot.one_step import solve_layer as solve_one_step
from codegen.aot.quantization import INT32_MAX
from codegen.aot.ranges import bias_without_zero_point, product_sums
from codegen.aot.requantization import channels_of
from codegen.aot.step import Assembly, Constant, Step, Value

HEADER = "conv_pool_packed.h"
ASSEMBLY = "conv_pool_packed_m4.inc"

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
    """The packed form of one layer in numbers; the same as struct packed_shape of the kernel."""

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

    def unit_words(self, rows: int) -> int:
        """Of the stream."""
        return 3 * self.taps * (rows + 1) + 1

    @property
    def padded(self) -> tuple[int, int]:
        """Rows and columns of the input that the blocks read."""
        return 2 * self.height + 3, 2 * self.words

    def scratch_bytes(self, copy: bool) -> int:
        copied = -(-self.padded[0] * self.padded[1] * self.channels // 4) if copy else 0
        if self.fast:  # two blocks share the expanded weights
            unit_words = sum(map(self.unit_words, self.blocks[:2]))
            return 4 * (copied + 3 * (6 + 6 * self.taps) + 2 + self.units * unit_words)
        guards = 2 * (self.taps_x - 1)
        return 4 * (copied + (self.units + guards) * self.unit_words(self.blocks[0]))


def plan(pair: Pair, layer: str, pool_layer: str) -> Step | str:
    """The step, or why there is none."""
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
    one_step = solve_one_step(channels, list(factors), 31 - layout.bits, clamped=False)
    if one_step is None:
        return "its requantisation has no form of one multiplication"
    words = _pack(conv.weights, shape, layout, one_step)
    if words is None:
        return "sums of its weights do not fit the fields of a word"
    return _step(pair, layer, pool_layer, shape, layout, words, one_step.shift)


def _shape(pair: Pair) -> Shape | str:
    """The layer in numbers, or why it cannot have this form."""
    conv, pool = pair.conv, pair.pool
    batch, _, _, channels = conv.input.shape
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


def _step(
    pair: Pair,
    layer: str,
    pool_layer: str,
    shape: Shape,
    layout: Layout,
    words: NDArray[np.int32],
    shift: int,
) -> Step:
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
            "packed_rows",
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
        part_bytes = 4 * shape.taps * (rows + 1)
        unit_bytes = 4 * shape.unit_words(rows)
        if (
            not shape.fast
            and 2 * part_bytes + 8 + (shape.taps_x - 1) * unit_bytes <= MOST_WORDS_BEHIND
            and (2 * rows + 2) * pitch + channels <= MOST_BYTES_BEHIND
        ):
            functions[f"stream_{rows}"] = Assembly(
                f"stream_{rows}",
                "packed_stream",
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
        functions["expand"] = Assembly("expand", "packed_expand", ASSEMBLY, {"channels": channels})
    return Step(
        layer=layer,
        kernel="conv_pool_packed",
        header=HEADER,
        input=conv.input.index,
        output=pool.output.index,
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
            "bits": layout.bits,
            "split": layout.split,
            "shift": shift,
            "fast": int(shape.fast),
            "taps_x": shape.taps_x,
            "filter_words": words.shape[1],
            "weights": Constant("weights", words, tuple(f"filter {index}" for index in range(len(words)))),
            **functions,
        },
        description=(*conv.description, *_explained(pair, pool_layer, shape, layout)),
        scratch=shape.scratch_bytes(copy),
        fused=(pool_layer,),
        reason=f"4 products an instruction: sums span {product_sums(conv.weights).widest:,} of the "
        f"{1 << layout.bits:,} that a field holds; {words.shape[1]} words a filter",
    )


def _explained(pair: Pair, pool_layer: str, shape: Shape, layout: Layout) -> list[str]:
    assert pair.pool is not None
    sums = product_sums(pair.conv.weights)
    return [
        f"with {pool_layer}: {pair.pool.description[0]}",
        pair.pool.description[-1],
        f"  packed: sums span at most {sums.widest:,} of the {1 << layout.bits:,} that a field holds;",
        f"  words are low + high * 2^{layout.split}, {shape.taps} taps a unit, "
        + ("three units for two positions" if shape.fast else "a unit for each position")
        + f", blocks of {' + '.join(map(str, shape.blocks))} rows",
    ]
