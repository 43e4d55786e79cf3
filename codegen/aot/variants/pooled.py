"""Which maximum pooling can be done in one pass with the convolution before it."""

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.aot.call import Value
from codegen.aot.families.convolution import windows_inside
from codegen.aot.families.pooling import Pooling
from codegen.aot.operators import conv_2d, max_pool_2d
from codegen.aot.operators.conv_2d import Convolution
from codegen.aot.overlap import Overlap, Reads, every, image_overlap, reads
from contract.graph import Model, Operator


@dataclass(frozen=True)
class Pair:
    """A convolution, and the pooling that alone reads its output, where there is one.

    The greatest of some sums, requantised once, is the greatest of the requantised sums, as requantisation
    never decreases; so pooling can go first.
    """

    conv: Convolution
    pool: Pooling | None
    limits: tuple[int, int]  # of the output, by both fused activations

    @property
    def operators(self) -> tuple[Operator, ...]:
        return (self.conv.operator,) if self.pool is None else (self.conv.operator, self.pool.operator)

    @property
    def description(self) -> tuple[str, ...]:
        """The lines of a comment."""
        if self.pool is None:
            return self.conv.description
        return (*self.conv.description, f"then {self.pool.description[0]}", self.pool.description[-1])

    @property
    def output(self) -> int:
        """The tensor's index."""
        return (self.conv if self.pool is None else self.pool).output.index


def pair_of(model: Model, operator: Operator) -> Pair:
    """The convolution `operator` with the pooling that reads its output, if that can be fused.

    It cannot where something else reads that output, too, or where windows overlap, as the sums in two
    windows would be computed twice.
    """
    conv = conv_2d.read(model, operator)
    alone = Pair(conv, None, conv.limits)
    readers = model.readers.get(conv.output.index, ())
    if len(readers) != 1 or readers[0].name != "MAX_POOL_2D" or conv.output.index in model.outputs:
        return alone
    pool = max_pool_2d.read(model, readers[0])
    limits = (max(conv.limits[0], pool.limits[0]), min(conv.limits[1], pool.limits[1]))
    overlap = any(
        window > stride for window, stride in zip(pool.options.window, pool.options.stride, strict=True)
    )
    if overlap or limits[0] > limits[1]:
        return alone
    return Pair(conv, pool, limits)


def pool_fields(pair: Pair) -> Mapping[str, Value]:
    """The fields of a kernel for the pooling; without one its window is 1 x 1."""
    pool = pair.pool
    window, stride = ((1, 1), (1, 1)) if pool is None else (pool.options.window, pool.options.stride)
    return {
        "pool_height": window[0],
        "pool_width": window[1],
        "pool_stride_height": stride[0],
        "pool_stride_width": stride[1],
        "pool_padding_top": 0 if pool is None else pool.rows.padding,
        "pool_padding_left": 0 if pool is None else pool.columns.padding,
    }


def overlap_of(pair: Pair, group: int, across_rows: bool = False) -> Mapping[int, Overlap]:
    """How far the output may reach into the input where all windows of `group` pixels, or of a pooled one,
    are read before an output is written. `across_rows`: a group may go on in the next row."""
    conv, pool = pair.conv, pair.pool
    batch, height, width, channels = conv.input.shape
    filters, *taps = conv.weights.shape[:3]
    if pool is None and conv.is_pointwise:
        pixels = every(batch * height * width)
        return {
            conv.input.index: image_overlap(every(1), pixels, len(pixels.first), channels, filters, group)
        }
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
    rows, columns = sides
    if across_rows:
        columns = Reads(
            (rows.first[:, None] * width + columns.first).ravel(),
            (rows.last[:, None] * width + columns.last).ravel(),
        )
        rows, width = every(1), height * width
    return {conv.input.index: image_overlap(rows, columns, width, channels, filters, group)}


def pooled_positions(pair: Pair) -> int:
    """The most positions of the convolution in a pooling window; 1 without pooling."""
    if pair.pool is None:
        return 1
    sides = zip(pair.pool.options.window, (pair.conv.rows, pair.conv.columns), strict=True)
    height, width = (min(taps, side.outputs) for taps, side in sides)
    return height * width


def windows_of(pair: Pair) -> tuple[int, int]:
    """How many windows of the convolution are computed, and how many of them reach outside the input."""
    conv, pool = pair.conv, pair.pool
    batch = conv.input.shape[0]
    windows = batch * conv.rows.outputs * conv.columns.outputs
    inside = batch * windows_inside(conv, (conv.weights.shape[1], conv.weights.shape[2]))
    if pool is not None:
        computed = batch * pool.rows.outputs * pool.columns.outputs * pooled_positions(pair)
        return computed, computed * (windows - inside) // windows
    return windows, windows - inside
