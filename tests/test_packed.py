"""The packed form's arithmetic in whole numbers: fields, weights and blocks, before any C."""

from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from codegen.aot.arithmetic.one_step import OneStep
from codegen.aot.arithmetic.ranges import product_sums
from codegen.aot.variants.conv_pool_packed import LAYOUTS, Layout, Shape, _pack

SEEDS = st.integers(0, 2**32 - 1)
EXTREMES = st.sampled_from([None, -128, 127])


def signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


def values(generator: np.random.Generator, shape: tuple[int, ...], all_: int | None) -> NDArray[np.int8]:
    """Random int8, or all the same."""
    drawn = generator.integers(-128, 128, shape).astype(np.int8)
    return drawn if all_ is None else np.full(shape, all_, np.int8)


def direct_words(weights: NDArray[np.int8], layout: Layout) -> list[list[int]]:
    """What is stored for each filter where nothing is saved along x."""
    filters, _, filter_width, channels = weights.shape
    shape = Shape(2, 1, filters, channels, -(-filter_width // 2), fast=False)
    zeros = np.zeros(filters, np.int32)
    packed = _pack(weights, shape, layout, OneStep(zeros, zeros, 0))
    assert packed is not None
    return cast(list[list[int]], packed.tolist())


def unit(words: list[int], window: NDArray[np.int64], layout: Layout) -> list[int]:
    """The sums of the upper and the lower row of one position by the kernel's recipe, modulo 2^64.

    `window` has five input rows and the columns of the position (2 * taps_x), for each channel.
    """
    pairs = window[:, 0::2] + (window[:, 1::2] << layout.split)  # row, tap along x, channel
    middle, first, second = pairs[1::2], pairs[0:4:2] - pairs[1::2], pairs[2::2] - pairs[1::2]
    taps = pairs[0].size
    parts = []
    for part, rows in enumerate((middle, first, second)):
        weights = words[6 + part * 2 * taps : 6 + (part + 1) * 2 * taps]
        activations = rows.reshape(2, taps).T.ravel()
        assert max(map(abs, weights), default=0) < 2**31
        assert np.abs(activations).max() < 2**31
        parts.append(sum(w * int(a) for w, a in zip(weights, activations, strict=True)))
    start = (words[0] % 2**32) + (words[1] % 2**32 << 32)
    return [(start + parts[0] + part) % 2**64 for part in parts[1:]]


@given(
    SEEDS,
    st.sampled_from(LAYOUTS),
    st.integers(3, 4),
    st.integers(1, 7),
    st.integers(1, 3),
    EXTREMES,
    EXTREMES,
)
def test_the_fields_of_two_positions_are_two_outputs(
    seed: int,
    layout: Layout,
    height: int,
    width: int,
    channels: int,
    all_weights: int | None,
    all_inputs: int | None,
) -> None:
    generator = np.random.default_rng(seed)
    weights = values(generator, (1, height, width, channels), all_weights)
    if product_sums(weights).widest >= 1 << layout.bits:
        return  # the planner's rule
    taps_x = -(-width // 2)
    inputs = values(generator, (5, 2 * taps_x + 2, channels), all_inputs).astype(np.int64)
    words = direct_words(weights, layout)[0]
    here = unit(words, inputs[:, : 2 * taps_x], layout)
    right = unit(words, inputs[:, 2:], layout)
    least = int(product_sums(weights).least[0])
    for row in range(2):
        even, odd = (
            int((weights[0].astype(np.int64) * inputs[row : row + height, column : column + width]).sum())
            - least
            for column in range(2)
        )
        assert 0 <= even < 1 << layout.bits
        value = (1 << layout.bits) - 1
        assert here[row] >> layout.split & value == even
        field_0 = right[row] & (1 << layout.split) - 1
        assert (here[row] >> 2 * layout.split) + field_0 & value == odd


@given(SEEDS, EXTREMES)
def test_the_flag_lies_just_above_a_field_and_never_meets_a_sum(seed: int, all_weights: int | None) -> None:
    generator = np.random.default_rng(seed)
    weights = values(generator, (1, 4, 4, 1), all_weights)
    inputs = values(generator, (5, 4, 1), None).astype(np.int64)
    narrow, wide = LAYOUTS
    for one in unit(direct_words(weights, narrow)[0], inputs, narrow):
        assert one >> (narrow.split + narrow.bits) & 1
    assert wide.flag == 1 << (2 * wide.split + wide.bits)


def test_a_sum_of_weights_that_leaves_a_word_is_refused() -> None:
    weights = np.full((1, 4, 4, 1), -128, np.int8)
    zeros = np.zeros(1, np.int32)
    too_wide = Layout(19, 24, 0)
    assert _pack(weights, Shape(2, 1, 1, 1, 2, fast=True), too_wide, OneStep(zeros, zeros, 0)) is None


@pytest.mark.parametrize("height", range(2, 40))
def test_blocks_of_3_and_2_make_up_the_rows_with_as_few_blocks_of_2_as_can_be(height: int) -> None:
    blocks = Shape(height, 5, 1, 1, 2, fast=False).blocks
    assert sum(blocks) == height
    assert set(blocks) <= {2, 3}
    assert blocks.count(2) == -height % 3


@given(st.integers(1, 40), st.booleans())
def test_the_last_position_has_a_field_for_the_last_odd_output(width: int, fast: bool) -> None:
    shape = Shape(4, width, 1, 1, 2, fast)
    assert shape.positions >= width + 1
    assert shape.positions - (width + 1) <= (1 if fast else 0)
    assert 2 * shape.units == shape.positions * (3 if fast else 2)
