"""A convolution of any shape with four filters in three accumulators, and the pooling behind it:
firmware/engines/aot/variants/conv_2d_chained.h."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT32_MAX
from codegen.aot.arithmetic.wide_step import WideStep
from codegen.aot.call import Assembly, Constant, KernelCall, Value
from codegen.aot.families.convolution import filter_fields
from codegen.aot.operators.conv_2d import Convolution
from codegen.aot.overlap import FAR, Overlap
from codegen.aot.variants.lanes import lane_step
from codegen.aot.variants.pooled import Pair, overlap_of, pair_of, pool_fields, pooled_positions, windows_of
from codegen.aot.variants.variant import Variant
from codegen.aot.variants.words import WORD, word_halves
from contract.graph import Model, Operator

TOGETHER = 4  # filters in three accumulators
POSITIONS = 2  # of the output that share each weight
MOST_COPY = 4096  # bytes
UNROLLED = 16  # steps of the loop
ASSEMBLY = "variants/chained_m4.inc"


@dataclass(frozen=True)
class Layer:
    """A convolution, and the pooling behind it, that can have four filters in three accumulators."""

    pair: Pair
    step: WideStep
    image: tuple[int, int]  # height and width of the input, with its padding if that is copied
    runs: int  # of neighbouring bytes of a row of the window
    run_bytes: int

    @property
    def left(self) -> int:
        """Bytes of each run that are put together with those of others: 1 or 2; three are filled up."""
        return self.run_bytes % WORD % 3

    @property
    def run_words(self) -> int:
        """Of each run, without what is left."""
        return -(-(self.run_bytes - self.left) // WORD)

    @property
    def words(self) -> int:
        """Of a window."""
        runs = self.pair.conv.weights.shape[1] * self.runs
        return runs * self.run_words + -(-runs * self.left // WORD)

    @property
    def copied(self) -> bool:
        return _padded(self.pair) is not None

    @property
    def fields(self) -> Mapping[str, Value]:
        """Those of struct thimble_conv_2d_chained before its weights."""
        conv, pool = self.pair.conv, self.pair.pool
        conv_shape = conv.rows.outputs, conv.columns.outputs
        shape = conv_shape if pool is None else (pool.rows.outputs, pool.columns.outputs)
        if as_row(self.pair):
            conv_shape = shape = 1, self.image[1]
        return {
            "input_height": self.image[0],
            "input_width": self.image[1],
            "channels": conv.input.shape[3],
            **_filter_fields(conv, self.copied),
            "padding_value": conv.input.quantization.zero_point,
            "copy": {
                "height": conv.input.shape[1] if self.copied else 0,
                "width": conv.input.shape[2] if self.copied else 0,
                "top": conv.rows.padding if self.copied else 0,
                "left": conv.columns.padding if self.copied else 0,
            },
            "conv_height": conv_shape[0],
            "conv_width": conv_shape[1],
            **pool_fields(self.pair),
            "output_height": shape[0],
            "output_width": shape[1],
            "filters": len(conv.weights),
            "runs": self.runs,
            "run_bytes": self.run_bytes,
            "run_words": self.run_words,
            "left": self.left,
            "words": self.words,
            "pooled_bytes": _pooled_bytes(self.pair),
            "step": self.step.fields,
        }

    @property
    def laid_out(self) -> NDArray[np.int8]:
        """The weights by four filters, filled up, and by words: int8 (groups, filter, word, byte)."""
        weights = self.pair.conv.weights
        rows = weights.reshape(len(weights), weights.shape[1] * self.runs, -1)
        whole, left = rows[..., : WORD * self.run_words], rows[..., WORD * self.run_words :]
        filled = np.pad(whole, ((0, 0), (0, 0), (0, WORD * self.run_words - whole.shape[2])))
        together = np.concatenate([filled.reshape(len(weights), -1), left.reshape(len(weights), -1)], axis=1)
        fill = WORD * self.words - together.shape[1]
        padded = np.pad(together, ((0, -len(weights) % TOGETHER), (0, fill)))
        return padded.reshape(-1, TOGETHER, self.words, WORD)

    @property
    def ends(self) -> NDArray[np.int32]:
        """What the requantisation of each four filters needs: int32 (groups, words)."""
        words = self.step.words
        # Behind the first filter the offset stands before the multiplier, too.
        twice = np.concatenate([words[:, 1:3], words], axis=1)
        filled = np.pad(twice, ((0, -len(words) % TOGETHER), (0, 0)))
        ends: NDArray[np.int32] = filled.reshape(len(filled) // TOGETHER, -1)[:, 2:]
        return ends

    def overlaps(self, positions: int) -> Mapping[int, Overlap]:
        """How far the output may reach into the input for a kernel that makes the patches of so many
        positions before it writes their pixels; a copy is made before anything is written."""
        if self.copied:
            return {self.pair.conv.input.index: Overlap(FAR, -FAR)}
        return overlap_of(self.pair, positions, across_rows=True)

    @property
    def patch_instructions(self) -> int:
        """What all patches take, about."""
        conv = self.pair.conv
        windows, outside = windows_of(self.pair)
        pairs = -(-windows // POSITIONS)
        runs = conv.weights.shape[1] * self.runs
        copying = runs * 14 + 9 * self.words if self.run_words > 2 else 8 * self.words
        if as_row(self.pair):
            return pairs * copying
        if self.copied:
            return pairs * (20 + runs * 2 + copying) + 3 * copy_bytes(self.pair)
        patches = pairs * (62 + runs * 4 + copying)
        return patches + outside * self.words * (7 * WORD if conv.input.shape[3] % WORD else 8)

    @property
    def block_instructions(self) -> int:
        """What a patch and four filters take."""
        # Of a filter at both positions.
        output = 2 * self.step.output_instructions + 1 + (self.step.units is not None)
        steps = 2 * self.words
        return 23 + 8 * steps + 2 * -(-(steps - 1) // UNROLLED) + 4 * output


def as_row(pair: Pair) -> bool:
    """Whether the image is computed as one row of pixels."""
    return pair.pool is None and pair.conv.is_pointwise


def layer_of(pair: Pair) -> Layer | str:
    """The layer, or why the convolution cannot have this form."""
    conv = pair.conv
    batch, height, width, channels = conv.input.shape
    if conv.groups > 1:
        return f"its channels are in {conv.groups} groups"
    if batch != 1 and not as_row(pair):
        return f"its batch is {batch}"
    if len(conv.weights) == 1:
        return "one filter would leave three of four idle"
    if _farthest_byte(conv) > INT32_MAX:
        return "its windows reach beyond 2^31 bytes"
    step = lane_step(conv, conv.weights, pair.limits)
    if isinstance(step, str):
        return step
    image = (1, batch * height * width) if as_row(pair) else _padded(pair) or (height, width)
    # Without dilation the taps of a row lie side by side in the input: one run of bytes.
    runs = 1 if conv.options.dilation[1] == 1 else conv.weights.shape[2]
    return Layer(pair, step, image, runs, conv.weights.shape[2] * channels // runs)


def _farthest_byte(conv: Convolution) -> int:
    """Where the last byte of a window may be, counted from the input."""
    _, height, width, channels = conv.input.shape
    down, right = (
        (taps - 1) * dilation + (side.outputs - 1) * stride
        for taps, dilation, stride, side in zip(
            conv.weights.shape[1:3],
            conv.options.dilation,
            conv.options.stride,
            (conv.rows, conv.columns),
            strict=True,
        )
    )
    return ((max(height, down) + 1) * width + right + 2) * channels + WORD


def match(model: Model, operator: Operator) -> KernelCall | str:
    """The call, or why there is none."""
    return call_of(pair_of(model, operator))


def call_of(pair: Pair) -> KernelCall | str:
    """The call for a checked convolution and its pooling, or why there is none."""
    layer = layer_of(pair)
    if isinstance(layer, str):
        return layer
    step = layer.step
    conv = pair.conv
    return KernelCall(
        operators=pair.operators,
        kernel="conv_2d_chained",
        header="variants/conv_2d_chained.h",
        inputs=(conv.input.index,),
        outputs=(pair.output,),
        parameters={
            **layer.fields,
            "weights": Constant("weights", _stream(layer)),
            "assembly": Assembly("chained", "thimble_chained_filters", ASSEMBLY, step.fields, shared=True),
            "backward": 0,
        },
        overlaps=layer.overlaps(POSITIONS),
        description=pair.description,
        scratch=POSITIONS * (8 + WORD) * layer.words + _pooled_bytes(pair) + copy_bytes(pair),
        instructions=_instructions(layer),
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


def copy_bytes(pair: Pair) -> int:
    """Of the copy of the input with its padding, or 0."""
    padded = _padded(pair)
    return 0 if padded is None else padded[0] * padded[1] * pair.conv.input.shape[3] + WORD


def _stream(layer: Layer) -> NDArray[np.int32]:
    """What the kernel reads, in its order: int32 (groups, words)."""
    taps = layer.laid_out.astype(np.int16)
    lanes = taps[:, :-1] + 256 * taps[:, 1:]  # groups, lane, word, byte
    # For each word the bytes 0 and 2, then 1 and 3, of all lanes.
    steps = word_halves(lanes).transpose(0, 2, 3, 1, 4)
    products = np.ascontiguousarray(steps).view("<i4").reshape(len(taps), -1)
    stream: NDArray[np.int32] = np.concatenate([products, layer.ends], axis=1)
    return stream


def _instructions(layer: Layer) -> int:
    """Counted in the assembly, and fitted to what GCC makes of the rest."""
    filters = len(layer.pair.conv.weights)
    pairs = -(-windows_of(layer.pair)[0] // POSITIONS)
    groups = -(-filters // TOGETHER)
    rest = filters % TOGETHER
    # A call, and one more for the last filters, which are copied.
    blocks = groups * layer.block_instructions + 34 + (8 + 4 * rest if rest else 0)
    return pairs * blocks + layer.patch_instructions


def _pooled_bytes(pair: Pair) -> int:
    """For the outputs of a pooling window."""
    if pair.pool is None:
        return 0
    return pooled_positions(pair) * -(-len(pair.conv.weights) // WORD) * WORD


VARIANT = Variant(
    name="chained",
    operator="CONV_2D",
    goals=("speed",),
    about="four filters in three accumulators (two weights in an int16), any shape, a maximum "
    "pooling behind it in the same pass",
    match=match,
)
