"""A batch above 1 inside a model: every operator that walks images computes all of them."""

import numpy as np
import pytest

from tests.kernel_runner import KernelRunner
from tests.networks import Network, random_weights
from tests.operators.drawing import expect_reference_bytes

GOALS = ("portable", "speed", "size")


def batched() -> Network:
    network = Network((1, 3 * 6 * 5 * 4), 0.05, -3)
    network.reshape((3, 6, 5, 4))
    return network


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("operator", ["conv", "depthwise", "maximum", "average", "conv and maximum"])
def test_every_image_of_a_batch_is_computed(runner: KernelRunner, operator: str, goal: str) -> None:
    generator = np.random.default_rng(0)
    network = batched()
    if operator.startswith("conv"):
        network.conv_2d(random_weights(generator, (5, 3, 3, 4)), [0.01], None, 0.5, 3, activation="RELU")
    if operator == "depthwise":
        network.depthwise_conv_2d(random_weights(generator, (1, 3, 3, 4)), [0.01], None, 0.2, 3)
    if operator.endswith("maximum"):
        network.max_pool_2d()
    if operator == "average":
        network.average_pool_2d()
    network.reshape((1, int(np.prod(network.shape))))
    expect_reference_bytes(runner, network, generator, goal=goal)
