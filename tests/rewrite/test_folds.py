"""Padding goes into the convolution behind it, activations into the operator before them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.call import Alias
from codegen.aot.plan import Plan, plan_model
from codegen.aot.variants import VARIANTS
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import Network, random_weights
from tests.operators.drawing import PADDINGS, SEEDS, ZERO_POINTS, expect_reference_bytes

CODES = schema.BuiltinOperator
MARGINS = st.tuples(*[st.integers(0, 3)] * 4)


def pad(network: Network, margins: tuple[int, int, int, int]) -> None:
    """Rows above and below, columns left and right."""
    top, bottom, left, right = margins
    paddings = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
    one, height, width, channels = network.shape
    shape = (one, height + top + bottom, width + left + right, channels)
    zero_point = network.tensors[network.last].quantization.zeroPoint[0]
    output = network.activation("padded", shape, network.scale, zero_point)
    inputs = [network.last, network.constant("paddings", paddings)]
    network.add(CODES.PAD, 1, inputs, output, "PadOptions", schema.PadOptionsT())


def plan_of(network: Network, goal: str = "portable") -> Plan:
    model = parse_model(network.flatbuffer())
    return plan_model(model, [f"layer_{operator.index}" for operator in model.operators], goal)


@st.composite
def padded_convolutions(draw: st.DrawFn) -> tuple[Network, np.random.Generator]:
    generator = np.random.default_rng(draw(SEEDS))
    channels = draw(st.integers(1, 5))
    size = draw(st.integers(5, 8)), draw(st.integers(5, 8))
    network = Network((1, *size, channels), 0.05, draw(ZERO_POINTS))
    pad(network, draw(MARGINS))
    taps = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    keywords: dict[str, Any] = {
        "padding": draw(PADDINGS),
        "stride": draw(st.sampled_from([(1, 1), (2, 2), (1, 2)])),
        "dilation": draw(st.sampled_from([(1, 1), (1, 1), (2, 1)])),
    }
    bias = generator.integers(-500, 500, channels).astype(np.int32)
    if draw(st.booleans()):
        weights = random_weights(generator, (1, *taps, channels))
        network.depthwise_conv_2d(weights, [0.02], bias, 0.3, -7, **keywords)
    else:
        weights = random_weights(generator, (channels, *taps, channels))
        network.conv_2d(weights, [0.02], bias, 0.3, -7, **keywords)
    return network, generator


@pytest.mark.parametrize("goal", ["portable", "speed"])
@settings(max_examples=100)
@given(case=padded_convolutions())
def test_a_padded_convolution_equals_the_reference(
    runner: KernelRunner, goal: str, case: tuple[Network, np.random.Generator]
) -> None:
    expect_reference_bytes(runner, *case, goal=goal)


def padded_by_one(scale: float = 0.05) -> Network:
    network = Network((1, 6, 6, 2), 0.05, 3)
    pad(network, (0, 1, 0, 1))
    network.tensors[network.last].quantization.scale = [scale]
    network.conv_2d(
        random_weights(np.random.default_rng(0), (4, 3, 3, 2)), [0.01], None, 0.5, 0, stride=(2, 2)
    )
    return network


def test_padding_behind_which_a_convolution_strides_costs_nothing() -> None:
    """What Keras writes for ZeroPadding2D before a convolution of stride 2."""
    plan = plan_of(padded_by_one())
    assert [call.kernel for call in plan.kernel_calls] == ["conv_2d"]
    assert [change.operator.name for change in plan.changes] == ["PAD"]


def test_padding_that_something_else_reads_stays() -> None:
    network = padded_by_one()
    network.model.subgraphs[0].outputs = [network.operators[0].outputs[0]]
    del network.operators[1]
    assert "fill" in [call.kernel for call in plan_of(network).kernel_calls]


def activate(network: Network, name: str, scale: float, zero_point: int) -> None:
    output = network.activation(name.lower(), network.shape, scale, zero_point)
    network.add(getattr(CODES, name), 2, [network.last], output)


@settings(max_examples=60)
@given(
    name=st.sampled_from(["RELU", "RELU6"]),
    scale=st.sampled_from([0.02, 0.05, 0.1]),
    zero_point=ZERO_POINTS,
    fused=st.sampled_from(["NONE", "NONE", "RELU"]),
    seed=SEEDS,
)
def test_an_activation_equals_the_reference(
    runner: KernelRunner, name: str, scale: float, zero_point: int, fused: str, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    network = Network((1, 4, 4, 2), 0.05, 3)
    weights = random_weights(generator, (3, 2, 2, 2))
    network.conv_2d(weights, [0.01], None, scale, zero_point, activation=fused)
    activate(network, name, scale, zero_point)
    expect_reference_bytes(runner, network, generator)
    plan = plan_of(network)
    assert fused != "NONE" or [call.kernel for call in plan.kernel_calls] == ["conv_2d"]


@pytest.mark.parametrize(("scale", "zero_point"), [(0.06, 4), (0.05, 5)])
def test_an_activation_that_rescales_stays(scale: float, zero_point: int) -> None:
    network = Network((1, 4, 4, 2), 0.05, 3)
    network.conv_2d(random_weights(np.random.default_rng(0), (3, 2, 2, 2)), [0.01], None, 0.05, 4)
    activate(network, "RELU", scale, zero_point)
    assert [call.kernel for call in plan_of(network).kernel_calls] == ["conv_2d", "lookup"]


def test_an_activation_without_an_effect_costs_nothing(runner: KernelRunner) -> None:
    """Nothing is below the zero point -128."""
    network = Network((1, 8), 0.05, -128)
    activate(network, "RELU", 0.05, -128)
    expect_reference_bytes(runner, network, np.random.default_rng(0))
    assert [type(call) for call in plan_of(network).calls] == [Alias]


def test_a_transposition_of_single_rows_costs_nothing(runner: KernelRunner) -> None:
    network = Network((1, 1, 8, 3), 0.05, 4)
    order = network.constant("order", np.array([1, 2, 0, 3], np.int32))
    output = network.activation("turned", (1, 8, 1, 3), 0.05, 4)
    network.add(CODES.TRANSPOSE, 2, [0, order], output, "TransposeOptions", schema.TransposeOptionsT())
    expect_reference_bytes(runner, network, np.random.default_rng(0))
    assert [type(call) for call in plan_of(network).calls] == [Alias]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(7, 6), (5, 167)])
def test_a_window_may_lie_in_margins_and_padding_alone(
    runner: KernelRunner, size: tuple[int, int], stride: int
) -> None:
    """SAME padding beside a PAD that went into the convolution."""
    generator = np.random.default_rng(7)
    network = Network((1, *size, 4), 0.05, 9)
    pad(network, (2, 2, 2, 2))
    weights = random_weights(generator, (1, 3, 3, 4))
    network.depthwise_conv_2d(weights, [0.004], None, 0.05, -7, padding="SAME", stride=(stride, stride))
    assert [change.operator.name for change in plan_of(network, "speed").changes] == ["PAD"]
    for variant in VARIANTS:
        if variant.operator == "DEPTHWISE_CONV_2D":
            expect_reference_bytes(runner, network, generator, variant=variant)
