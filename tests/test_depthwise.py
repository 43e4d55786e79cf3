"""Depthwise convolutions of every number of channels on the emulated Cortex-M4F, byte for byte."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codegen.aot.variants.depthwise_columns import tile_of
from tests.many_networks import run_on_board, run_on_host, write_sources
from tests.networks import Network, random_weights, reference, some_inputs

# Filter, stride, dilation, padding, activation: windows with and without padding, taps that are spelled out
# and those of a loop.
SHAPES = (
    ((3, 3), (1, 1), (1, 1), "SAME", "RELU"),
    ((3, 3), (2, 2), (1, 1), "SAME", "RELU6"),
    ((3, 3), (1, 1), (1, 1), "VALID", "NONE"),
    ((3, 3), (2, 2), (1, 1), "VALID", "RELU_N1_TO_1"),
    ((2, 4), (2, 1), (1, 1), "VALID", "NONE"),
    ((5, 5), (1, 1), (1, 1), "SAME", "RELU"),
    ((3, 2), (1, 1), (2, 3), "SAME", "RELU"),
    ((1, 1), (1, 1), (1, 1), "VALID", "RELU"),
)
CHANNELS = (*range(1, 10), 31)
# Images of 3 x 3 filters: single rows and columns, and more than a tile of columns.
IMAGES = ((1, 1), (1, 8), (9, 1), (2, 2), (3, 3), (6, 6), (5, 12), (25, 5), (49, 46), (96, 31), (12, 230))


def of_both_kernels(generator: np.random.Generator) -> Network:
    """With a depth multiplier of 1 and, by the portable kernel, of 2."""
    network = Network((1, 5, 5, 4), 0.05, 3)
    for outputs in (4, 8):
        weights = random_weights(generator, (1, 3, 3, outputs))
        network.depthwise_conv_2d(weights, [0.005], None, 0.05, 3, padding="SAME")
    return network


def of_zeros() -> Network:
    """Layers whose sums are all 0."""
    network = Network((1, 5, 5, 4), 0.05, 3)
    network.depthwise_conv_2d(np.zeros((1, 3, 3, 4), np.int8), [0.01], None, 0.05, 3, activation="RELU")
    network.conv_2d(np.zeros((3, 2, 2, 4), np.int8), [0.01], None, 0.05, -128, activation="RELU")
    network.reshape((1, 12))
    network.fully_connected(np.zeros((2, 12), np.int8), [0.01], None, 0.05, 3)
    return network


Networks = tuple[list[bytes], list[NDArray[np.int8]], list[NDArray[np.int8]]]


@pytest.fixture(scope="module")
def networks() -> Networks:
    """Flatbuffers, inputs and the outputs of TensorFlow Lite Micro."""
    generator = np.random.default_rng(0)
    made = []
    for channels in CHANNELS:
        for taps, stride, dilation, padding, activation in SHAPES:
            clamped = activation != "NONE"
            network = Network((1, 7, 9, channels), 0.05, int(generator.integers(-128, 128)))
            network.depthwise_conv_2d(
                random_weights(generator, (1, *taps, channels)),
                list(generator.uniform(0.004, 0.01, channels)),
                generator.integers(-2000, 2000, channels).astype(np.int32),
                6 / 255,
                -128 if clamped else 5,
                padding=padding,
                stride=stride,
                dilation=dilation,
                activation=activation,
            )
            made.append(network)
    for image in IMAGES:
        for stride in ((1, 1), (2, 2)):
            network = Network((1, *image, 5), 0.05, -128)
            network.depthwise_conv_2d(
                random_weights(generator, (1, 3, 3, 5)),
                list(generator.uniform(0.004, 0.01, 5)),
                generator.integers(-2000, 2000, 5).astype(np.int32),
                6 / 255,
                int(generator.choice([-128, -20])),
                padding="SAME",
                stride=stride,
            )
            made.append(network)
    # A last tile of columns that is one column wide would have no pair.
    for image, stride in (((11, 159), (2, 2)), ((5, 249), (1, 1)), ((37, 171), (1, 1))):
        network = Network((1, *image, 4), 0.05, -128)
        weights = random_weights(generator, (1, 3, 3, 4))
        network.depthwise_conv_2d(weights, [0.006], None, 6 / 255, -128, padding="VALID", stride=stride)
        made.append(network)
    made += [of_both_kernels(generator), of_zeros()]
    flatbuffers = [network.flatbuffer() for network in made]
    inputs = [some_inputs(network, generator) for network in made]
    return flatbuffers, inputs, [reference(*pair) for pair in zip(flatbuffers, inputs, strict=True)]


@pytest.mark.parametrize("level", ["-Os", "-O2", "-O3"])
@pytest.mark.parametrize("goal", ["speed", "size"])
def test_the_board_gives_the_bytes_of_the_reference(
    networks: Networks, goal: str, level: str, tmp_path: Path
) -> None:
    flatbuffers, inputs, expected = networks
    outcomes = run_on_board(write_sources(flatbuffers, goal, tmp_path), level, inputs, tmp_path / "board")
    for index, (outcome, outputs) in enumerate(zip(outcomes, expected, strict=True)):
        np.testing.assert_array_equal(outcome.outputs, outputs, err_msg=f"network {index}")


@pytest.mark.parametrize("goal", ["speed", "size"])
def test_the_portable_definitions_give_the_same_bytes(networks: Networks, goal: str, tmp_path: Path) -> None:
    flatbuffers, inputs, expected = networks
    outcomes = run_on_host(write_sources(flatbuffers, goal, tmp_path), inputs, tmp_path / "host")
    for index, pair in enumerate(zip(outcomes, expected, strict=True)):
        np.testing.assert_array_equal(*pair, err_msg=f"network {index}")


@settings(max_examples=400)
@given(height=st.integers(1, 300), width=st.integers(1, 300), stride=st.sampled_from([1, 2]))
def test_no_last_tile_has_no_pair_of_columns(height: int, width: int, stride: int) -> None:
    tile = tile_of(height, width, stride)
    assert tile is not None
    assert tile.columns % 2 == 0
    assert width <= tile.columns or width % tile.columns != 1


def test_no_function_is_defined_in_two_headers(root: Path) -> None:
    """A network may need any of the kernels beside any other."""
    defined = re.compile(r"^(?:static inline|THIMBLE_SPECIALIZED)[^;{=]*?\b(thimble_\w+)\(", re.MULTILINE)
    headers = sorted((root / "firmware" / "engines" / "aot").glob("*/*.h"))
    names = [name for header in headers for name in defined.findall(header.read_text())]
    assert len(names) > 100
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_the_outputs_tell_networks_apart(networks: Networks) -> None:
    assert np.mean([len(np.unique(outputs)) for outputs in networks[2]]) > 30
