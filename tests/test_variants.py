"""Every variant of every kernel on the emulated Cortex-M4, against TensorFlow Lite Micro, byte for byte.

The networks below are made so that each variant meets its limits; all of them run for every goal, compiled
with every optimisation level, in one image each.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from codegen.aot.goals import GOALS
from tests.many_networks import Sources, run_on_board, run_on_host, write_sources
from tests.networks import Network, random_weights, reference, some_inputs

LEVELS = ("-Os", "-O2", "-O3")


Weights = Callable[[np.random.Generator, tuple[int, ...]], NDArray[np.int8]]


def small_weights(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Weights as training leaves them: most near zero."""
    return np.clip(np.round(generator.normal(0, 12, shape)), -127, 127).astype(np.int8)


def constant_weights(value: int) -> Weights:
    return lambda generator, shape: np.full(shape, value, np.int8)


@dataclass(frozen=True)
class Case:
    """A convolution, and what follows."""

    name: str
    input: tuple[int, int, int]
    filters: int
    kernel: tuple[int, int]
    variant: str  # of the convolution when optimised for speed
    padding: str = "VALID"
    activation: str = "RELU"
    weights: Weights = random_weights
    input_zero_point: int = -128
    zero_point: int = -128
    per_channel: bool = True
    convolution: dict[str, Any] = field(default_factory=dict)
    pool: dict[str, Any] | None = field(default_factory=dict)
    dense: int = 0  # units behind it, with a softmax

    def network(self, generator: np.random.Generator) -> Network:
        network = Network((1, *self.input), scale=1 / 255, zero_point=self.input_zero_point)
        weights = self.weights(generator, (self.filters, *self.kernel, self.input[2]))
        # A scale that spreads the outputs over int8.
        reach = float(np.abs(weights.astype(int)).reshape(self.filters, -1).sum(axis=1).mean())
        scales = generator.uniform(0.5, 1, self.filters if self.per_channel else 1) * 0.01
        scale = 6 / 255 if self.activation == "RELU6" else max(reach * 0.01 / 255 / 2, 1e-4)
        network.conv_2d(
            weights,
            list(scales * (6 / 255 / (reach * 0.01 / 255 / 2) if self.activation == "RELU6" else 1)),
            generator.integers(-2000, 2000, self.filters).astype(np.int32),
            scale=scale,
            zero_point=self.zero_point,
            padding=self.padding,
            activation=self.activation,
            **self.convolution,
        )
        if self.pool is not None:
            network.max_pool_2d(**self.pool)
        if self.dense:
            depth = int(np.prod(network.shape))
            network.reshape((1, depth))
            dense = random_weights(generator, (self.dense, depth))
            dense_scales = list(generator.uniform(0.5, 1, self.dense if self.per_channel else 1) * 0.01)
            bias = generator.integers(-500, 500, self.dense).astype(np.int32)
            network.fully_connected(dense, dense_scales, bias, scale=0.1, zero_point=3)
            network.softmax()
        return network


# fmt: off
CASES = [
    # packed, a unit for each position
    Case("one_channel_same", (12, 12, 1), 3, (4, 4), "packed", "SAME", dense=10),
    Case("one_channel_blocks_of_3_and_2", (19, 9, 1), 2, (4, 4), "packed"),
    Case("eight_rows", (16, 7, 1), 2, (3, 3), "packed", "SAME"),
    Case("seven_rows", (14, 6, 1), 1, (3, 4), "packed", "SAME"),
    Case("two_rows_one_column", (7, 5, 2), 3, (4, 4), "packed"),
    Case("narrow_filter", (9, 8, 3), 2, (4, 1), "packed"),
    Case("wide_filter", (8, 13, 2), 2, (3, 7), "packed", "SAME"),
    Case("odd_input", (11, 13, 3), 5, (3, 3), "packed", "SAME", input_zero_point=7, per_channel=False),
    Case("all_greatest_19_bits", (8, 8, 1), 2, (4, 4), "packed", weights=constant_weights(127)),
    Case("all_least_19_bits", (8, 8, 1), 2, (4, 4), "packed", weights=constant_weights(-128)),
    Case("relu6", (10, 10, 1), 4, (4, 4), "packed", "SAME", "RELU6"),
    Case("long_rows", (5, 60, 1), 2, (3, 3), "packed", "SAME"),
    # packed, three units for two positions
    Case("fast_even_width", (8, 11, 4), 3, (4, 4), "packed", weights=small_weights),
    Case("fast_odd_width", (9, 13, 5), 4, (4, 3), "packed", "SAME", weights=small_weights, dense=7),
    Case("fast_one_column", (9, 5, 8), 2, (4, 4), "packed", weights=small_weights),
    Case("fast_one_column_3", (9, 4, 16), 2, (3, 3), "packed", weights=small_weights),
    Case("fast_two_columns", (10, 7, 12), 3, (3, 4), "packed", weights=small_weights, per_channel=False),
    Case("fast_all_greatest_21_bits", (8, 8, 4), 2, (4, 4), "packed", weights=constant_weights(127)),
    Case("fast_all_least_21_bits", (8, 8, 4), 2, (4, 4), "packed", weights=constant_weights(-128)),
    # chained: what packed cannot do
    Case("too_wide_a_range", (8, 8, 5), 2, (4, 4), "chained", weights=constant_weights(127)),
    Case("no_activation", (9, 9, 2), 3, (4, 4), "chained", activation="NONE", zero_point=4),
    Case("relu_with_zero_point", (9, 9, 2), 3, (4, 4), "chained", zero_point=-90),
    Case("no_pooling", (7, 10, 3), 5, (3, 3), "chained", "SAME", pool=None, dense=13),
    Case("one_tap", (5, 7, 1), 4, (1, 1), "chained", pool=None),
    Case("one_tap_64_channels", (4, 5, 64), 3, (1, 1), "chained", pool=None),
    Case("seven_taps", (11, 12, 2), 7, (7, 7), "chained", "SAME", convolution={"stride": (2, 2)}, pool=None),
    Case("strides", (11, 14, 3), 2, (5, 2), "chained", "SAME", convolution={"stride": (1, 2)}),
    Case("dilation", (13, 12, 2), 3, (3, 3), "chained", convolution={"dilation": (2, 3)}, pool=None),
    Case("sixty_four_filters", (6, 6, 4), 64, (2, 2), "chained"),
    Case("pool_that_does_not_divide", (9, 11, 2), 3, (3, 3), "chained", "SAME", pool={"padding": "SAME"}),
    Case("pool_of_3", (12, 11, 2), 3, (3, 3), "chained", pool={"window": (3, 3), "stride": (3, 4)}),
    Case("pool_with_relu6", (9, 9, 3), 8, (2, 2), "chained", activation="NONE", zero_point=0,
         pool={"activation": "RELU6"}),
    Case("pool_that_only_strides", (9, 9, 2), 3, (3, 3), "chained", activation="NONE", zero_point=0,
         pool={"window": (1, 1), "stride": (2, 2)}),
    Case("pool_of_far_strides", (5, 5, 64), 32, (2, 2), "chained", "SAME",
         pool={"window": (2, 2), "stride": (32768, 32768)}),
    Case("pool_larger_than_its_input", (6, 6, 3), 5, (2, 2), "chained", "SAME",
         pool={"window": (3000, 3000), "stride": (4000, 4000), "padding": "SAME"}),
    Case("far_dilation_of_one_tap", (5, 7, 4), 5, (1, 1), "chained", convolution={"dilation": (2**29, 2**29)},
         pool=None),
    Case("overlapping_pool", (9, 9, 2), 3, (3, 3), "chained", pool={"window": (3, 3), "stride": (2, 2)}),
    Case("one_step", (5, 4, 3), 6, (1, 1), "chained", "SAME", pool=None),
    Case("seventeen_steps", (5, 3, 34), 6, (1, 1), "chained", pool=None),
    Case("filled_up_runs", (6, 5, 5), 9, (2, 3), "chained", "SAME", pool=None),
    Case("greatest_weights", (4, 4, 32), 4, (3, 3), "chained", pool=None, weights=constant_weights(127)),
    Case("least_weights", (4, 4, 32), 4, (3, 3), "chained", pool=None, weights=constant_weights(-127)),
    Case("narrow_limits", (9, 9, 2), 7, (3, 3), "chained", activation="RELU_N1_TO_1", zero_point=5,
         pool=None),
    # winograd
    Case("two_tiles", (4, 8, 12), 8, (3, 3), "winograd", "SAME", pool=None),
    Case("tiles_that_reach_outside", (9, 13, 16), 12, (3, 3), "winograd", "SAME", pool=None,
         input_zero_point=9),
    Case("no_padding", (10, 19, 20), 9, (3, 3), "winograd", activation="NONE", zero_point=4, pool=None),
    Case("narrow_image", (12, 6, 32), 16, (3, 3), "winograd", "SAME", pool=None, per_channel=False),
    Case("most_channels", (8, 8, 44), 12, (3, 3), "winograd", "SAME", "RELU6", pool=None),
    Case("greatest_tiles", (8, 8, 8), 4, (3, 3), "winograd", "SAME", pool=None,
         weights=constant_weights(127)),
    Case("least_tiles", (8, 8, 8), 4, (3, 3), "winograd", "SAME", pool=None, weights=constant_weights(-128)),
    # dual: what chained cannot do
    Case("weights_of_-128", (6, 6, 5), 4, (3, 3), "dual", "SAME", pool=None, weights=constant_weights(-128)),
    Case("sums_beyond_23_bits", (5, 5, 64), 4, (3, 3), "dual", "SAME", pool=None,
         weights=constant_weights(127)),
    Case("one_filter_of_many_taps", (6, 7, 64), 1, (3, 4), "dual", "SAME", pool=None, dense=12),
    Case("far_strides_-128", (7, 7, 3), 5, (2, 2), "dual", "SAME", weights=constant_weights(-128),
         pool={"window": (2, 2), "stride": (32768, 32768)}),
    Case("one_filter_pooled", (9, 9, 2), 1, (3, 3), "dual", activation="NONE", zero_point=4),
    Case("dilated_-128", (13, 12, 2), 3, (3, 3), "dual", convolution={"dilation": (2, 3)}, pool=None,
         weights=constant_weights(-128)),
    Case("pool_of_3_-128", (12, 11, 5), 3, (3, 3), "dual", pool={"window": (3, 3), "stride": (3, 4)},
         weights=constant_weights(-128)),
]
# fmt: on


@dataclass(frozen=True)
class Matrix:
    """All cases for all goals, generated once."""

    sources: dict[str, Sources]
    inputs: list[NDArray[np.int8]]
    expected: list[NDArray[np.int8]]
    folder: Path


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    folder = tmp_path_factory.mktemp("variants")
    generator = np.random.default_rng(4)
    networks = [case.network(generator) for case in CASES]
    flatbuffers = [network.flatbuffer() for network in networks]
    inputs = [some_inputs(network, generator, 4) for network in networks]
    return Matrix(
        {goal: write_sources(flatbuffers, goal, folder) for goal in GOALS},
        inputs,
        [reference(*pair) for pair in zip(flatbuffers, inputs, strict=True)],
        folder,
    )


def expect_reference_bytes(matrix: Matrix, outputs: list[NDArray[np.int8]]) -> None:
    wrong = [
        case.name
        for case, expected, one in zip(CASES, matrix.expected, outputs, strict=True)
        if not np.array_equal(one, expected)
    ]
    assert wrong == []


def test_each_case_meets_the_variant_it_is_made_for(matrix: Matrix) -> None:
    chosen = {
        case.name: plan.calls[0].variant
        for case, plan in zip(CASES, matrix.sources["speed"].plans, strict=True)
    }
    assert chosen == {case.name: case.variant for case in CASES}


def test_the_outputs_tell_networks_apart(matrix: Matrix) -> None:
    spread = [len(np.unique(expected)) for expected in matrix.expected]
    assert np.mean(spread) > 20


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("goal", ["speed", "size"])
def test_every_goal_gives_the_bytes_of_the_reference(matrix: Matrix, goal: str, level: str) -> None:
    outcomes = run_on_board(matrix.sources[goal], level, matrix.inputs, matrix.folder / f"{goal}{level}")
    expect_reference_bytes(matrix, [outcome.outputs for outcome in outcomes])


@pytest.mark.parametrize("goal", ["speed", "size"])
def test_the_portable_definition_of_every_goal_gives_the_same_bytes(matrix: Matrix, goal: str) -> None:
    expect_reference_bytes(
        matrix, run_on_host(matrix.sources[goal], matrix.inputs, matrix.folder / f"{goal}-host")
    )


def test_speed_is_nowhere_slower_than_the_portable_one(matrix: Matrix) -> None:
    speed, portable = (
        run_on_board(matrix.sources[goal], "-O2", matrix.inputs, matrix.folder / f"{goal}-compared")
        for goal in ("speed", "portable")
    )
    expect_reference_bytes(matrix, [outcome.outputs for outcome in portable])
    slower = {
        case.name: (fast.instructions, plain.instructions)
        for case, fast, plain in zip(CASES, speed, portable, strict=True)
        if fast.instructions > plain.instructions
    }
    assert slower == {}
