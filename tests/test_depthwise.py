"""Depthwise convolutions of every number of channels on the emulated Cortex-M4F, byte for byte."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.many_networks import run_on_board, write_sources
from tests.networks import Network, random_weights, reference, some_inputs

# Filter, stride, dilation, padding, activation: windows with and without padding, taps that are spelled out
# and those of a loop.
SHAPES = (
    ((3, 3), (1, 1), (1, 1), "SAME", "RELU"),
    ((3, 3), (2, 2), (1, 1), "SAME", "RELU6"),
    ((2, 4), (2, 1), (1, 1), "VALID", "NONE"),
    ((5, 5), (1, 1), (1, 1), "SAME", "RELU"),
    ((3, 2), (1, 1), (2, 3), "SAME", "RELU"),
    ((1, 1), (1, 1), (1, 1), "VALID", "RELU"),
)
CHANNELS = (*range(1, 10), 31)

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


def test_the_outputs_tell_networks_apart(networks: Networks) -> None:
    assert np.mean([len(np.unique(outputs)) for outputs in networks[2]]) > 30
