"""RESIZE_NEAREST_NEIGHBOR: the pixels that TensorFlow Lite Micro takes, for every size up or down."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import plan_model
from contract.errors import UserError
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import Network
from tests.operators.drawing import SEEDS, expect_reference_bytes


def resize(
    network: Network,
    size: tuple[int, int],
    align_corners: bool = False,
    half_pixel_centers: bool = False,
    scale: float = 0.05,
) -> None:
    options = schema.ResizeNearestNeighborOptionsT()
    options.alignCorners, options.halfPixelCenters = align_corners, half_pixel_centers
    inputs = [network.last, network.constant("size", np.array(size, np.int32))]
    shape = (network.shape[0], *size, network.shape[3])
    output = network.activation("resized", shape, scale, 0)
    code = schema.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR
    network.add(code, 3, inputs, output, "ResizeNearestNeighborOptions", options)


@settings(max_examples=200)
@given(
    shape=st.tuples(st.just(1), st.integers(1, 12), st.integers(1, 12), st.integers(1, 4)),
    size=st.tuples(st.integers(1, 25), st.integers(1, 25)),
    align_corners=st.booleans(),
    half_pixel_centers=st.booleans(),
    seed=SEEDS,
)
def test_every_pixel_is_the_references(
    runner: KernelRunner,
    shape: tuple[int, int, int, int],
    size: tuple[int, int],
    align_corners: bool,
    half_pixel_centers: bool,
    seed: int,
) -> None:
    network = Network(shape)
    resize(network, size, align_corners, half_pixel_centers)
    expect_reference_bytes(runner, network, np.random.default_rng(seed))


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("half_pixel_centers", [False, True])
def test_rounding_is_the_references_for_every_pair_of_sizes(
    runner: KernelRunner, align_corners: bool, half_pixel_centers: bool
) -> None:
    for inputs in range(1, 40, 3):
        for outputs in range(1, 90, 7):
            network = Network((1, 1, inputs, 1))
            resize(network, (1, outputs), align_corners, half_pixel_centers)
            pixels = np.arange(inputs).astype(np.int8)[np.newaxis]
            expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=pixels)


def test_another_scale_is_refused() -> None:
    network = Network((1, 2, 2, 1))
    resize(network, (4, 4), scale=0.1)
    with pytest.raises(UserError, match="has an output of another scale or zero point than its input"):
        plan_model(parse_model(network.flatbuffer()), ["layer"])
