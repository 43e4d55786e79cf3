"""Channels without a meaning go, and no byte of the output changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import Plan, plan_model
from contract.flatbuffer import parse_model
from contract.macs import multiply_accumulates
from tests.kernel_runner import KernelRunner
from tests.networks import Network, random_weights
from tests.operators.drawing import PADDINGS, SEEDS, expect_reference_bytes

SCALE = 0.05


class Sparse:
    """A network many of whose filters are zero, or saturated by their bias."""

    def __init__(self, seed: int, padding: str) -> None:
        self.generator = np.random.default_rng(seed)
        self.padding = padding
        shape = (1, *(int(size) for size in self.generator.integers(4, 8, 2)), 3)
        self.network = Network(shape, SCALE, int(self.generator.integers(-128, 128)))

    def biases(self, channels: int) -> NDArray[np.int32]:
        """Random, some so large that only one output is left."""
        chosen = self.generator.choice([0, 3000, 10**6, -(10**6)], channels, p=[0.3, 0.4, 0.1, 0.2])
        return np.array(chosen + self.generator.integers(-500, 500, channels), np.int32)

    def weights(self, shape: tuple[int, ...], axis: int) -> NDArray[np.int8]:
        """Random, with some zeros along the outputs' axis, or else where."""
        weights = random_weights(self.generator, shape)
        zero = self.generator.random(shape[axis]) < 0.4
        np.moveaxis(weights, axis, 0)[zero] = 0
        weights[self.generator.random(shape) < 0.3] = 0
        return weights

    @property
    def output(self) -> tuple[float, int]:
        return float(self.generator.uniform(0.1, 1.0)), int(self.generator.integers(-128, 60))

    def convolve(self) -> None:
        channels, size = int(self.generator.integers(1, 9)), int(self.generator.integers(1, 4))
        shape = (channels, size, size, self.network.shape[3])
        activation = str(self.generator.choice(["NONE", "RELU", "RELU6"]))
        scales = [0.01 * float(factor) for factor in self.generator.uniform(0.5, 1, channels)]
        self.network.conv_2d(
            self.weights(shape, 0),
            scales if self.generator.random() < 0.5 else [0.01],
            self.biases(channels) if self.generator.random() < 0.8 else None,
            *self.output,
            padding=self.padding,
            activation=activation,
        )

    def depthwise(self) -> None:
        channels = self.network.shape[3] * int(self.generator.integers(1, 3))
        self.network.depthwise_conv_2d(
            self.weights((1, 2, 3, channels), 3),
            [0.02],
            self.biases(channels) if self.generator.random() < 0.8 else None,
            *self.output,
            padding=self.padding,
            activation="RELU",
        )

    def pool(self) -> None:
        pool = self.network.max_pool_2d if self.generator.random() < 0.5 else self.network.average_pool_2d
        pool((2, 1), (1, 1), "SAME")

    def residual(self) -> None:
        """The sum with what a 1x1 convolution makes of it."""
        before = self.network.last
        channels = self.network.shape[3]
        self.network.conv_2d(
            self.weights((channels, 1, 1, channels), 0), [0.01], self.biases(channels), *self.output
        )
        self.join("ADD", before)

    def scale(self) -> None:
        """The product with a constant for each channel, as a batch normalisation leaves it."""
        factors = random_weights(self.generator, (self.network.shape[3],))
        self.join("MUL", self.network.constant("factors", factors, [0.02]))

    def join(self, name: str, other: int) -> None:
        options = getattr(schema, f"{name.capitalize()}OptionsT")()
        inputs = [self.network.last, other]
        output = self.network.activation(name.lower(), self.network.shape, *self.output)
        code = getattr(schema.BuiltinOperator, name)
        self.network.add(code, 2, inputs, output, f"{name.capitalize()}Options", options)

    def rectify(self) -> None:
        output = self.network.activation("relu", self.network.shape, *self.output)
        self.network.add(schema.BuiltinOperator.RELU, 2, [self.network.last], output)

    def finish(self) -> Network:
        size = int(np.prod(self.network.shape))
        if self.generator.random() < 0.5:
            self.network.reshape((1, size))
        self.network.fully_connected(self.weights((4, size), 0), [0.01], self.biases(4), 0.3, 3)
        if self.generator.random() < 0.5:
            self.network.fully_connected(random_weights(self.generator, (3, 4)), [0.01], None, 0.3, 3)
        return self.network


@st.composite
def sparse_networks(draw: st.DrawFn) -> tuple[Network, np.random.Generator]:
    sparse = Sparse(draw(SEEDS), draw(PADDINGS))
    steps = [
        *(sparse.convolve, sparse.convolve, sparse.depthwise, sparse.pool),
        *(sparse.residual, sparse.scale, sparse.rectify),
    ]
    sparse.convolve()
    for step in draw(st.lists(st.sampled_from(steps), min_size=1, max_size=6)):
        if sparse.padding == "VALID" and min(sparse.network.shape[1:3]) < 4:
            break
        step()
    return sparse.finish(), sparse.generator


def plan_of(network: Network, goal: str = "portable") -> Plan:
    model = parse_model(network.flatbuffer())
    return plan_model(model, [f"layer_{operator.index}" for operator in model.operators], goal)


@settings(max_examples=150)
@given(case=sparse_networks())
def test_a_sparse_network_equals_the_reference(
    runner: KernelRunner, case: tuple[Network, np.random.Generator]
) -> None:
    expect_reference_bytes(runner, *case)


def two_convolutions(bias: int, padding: str, zero_point: int = -128) -> Network:
    """Of 4 and 2 filters; the first filter of the first is zero, so that its output is what `bias` gives."""
    generator = np.random.default_rng(0)
    network = Network((1, 6, 6, 2), SCALE, 3)
    weights = random_weights(generator, (4, 3, 3, 2))
    weights[0] = 0
    biases = np.array([bias, 10, 20, 30], np.int32)
    network.conv_2d(weights, [0.01], biases, 0.5, zero_point, padding=padding)
    network.conv_2d(random_weights(generator, (2, 3, 3, 4)), [0.01], None, 0.5, 0, padding=padding)
    return network


def test_a_constant_channel_goes_into_the_bias(runner: KernelRunner) -> None:
    network = two_convolutions(bias=50_000, padding="VALID")
    plan = plan_of(network)
    assert [change.text for change in plan.changes] == [
        "3 of 4 output channels from 2 of 2: the others are constant or never read",
        "2 of 2 output channels from 3 of 4: the others are constant or never read",
    ]
    assert multiply_accumulates(plan.model) * 4 == multiply_accumulates(parse_model(network.flatbuffer())) * 3
    expect_reference_bytes(runner, network, np.random.default_rng(0))


@pytest.mark.parametrize(("bias", "goes"), [(0, True), (50_000, False)])
def test_under_padding_a_constant_goes_where_it_is_the_zero_point(
    runner: KernelRunner, bias: int, goes: bool
) -> None:
    """What lies outside the image is the zero point: another constant would end at the border."""
    network = two_convolutions(bias, padding="SAME")
    assert bool(plan_of(network).changes) == goes
    expect_reference_bytes(runner, network, np.random.default_rng(0))


def test_a_network_of_constants_keeps_a_channel_everywhere(runner: KernelRunner) -> None:
    network = Network((1, 4, 4, 2), SCALE, 3)
    for _ in range(2):
        network.conv_2d(np.zeros((3, 1, 1, network.shape[3]), np.int8), [0.01], None, 0.5, 7)
    plan = plan_of(network)
    assert min(min(tensor.shape) for tensor in plan.model.tensors) == 1
    expect_reference_bytes(runner, network, np.random.default_rng(0))


def test_channels_of_an_output_stay() -> None:
    network = Network((1, 4, 4, 2), SCALE, 3)
    network.conv_2d(np.zeros((3, 1, 1, 2), np.int8), [0.01], None, 0.5, 7)
    assert plan_of(network).model.output.shape == (1, 4, 4, 3)
    assert not plan_of(network).changes
