"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM: the bytes of TensorFlow Lite Micro, over sequences of inferences."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import plan_model
from contract.errors import UserError
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import Network, random_weights
from tests.operators.drawing import SEEDS, ZERO_POINTS, Case, expect_reference_bytes

ABSENT = -1
INFERENCES = 6


def state(network: Network, name: str, size: int, kind: str, scale: float, zero_point: int) -> int:
    """A variable (1, size)."""
    tensor = network.activation(name, (1, size), scale, zero_point)
    network.tensors[tensor].type = getattr(schema.TensorType, kind)
    network.tensors[tensor].isVariable = True
    return tensor


def inputs_of(network: Network, generator: np.random.Generator) -> NDArray[np.int8]:
    size = int(np.prod(network.tensors[0].shape))
    return generator.integers(-128, 128, (INFERENCES, size)).astype(np.int8)


@st.composite
def filters(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    rank, units, memory = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 5))
    inputs, count = draw(st.integers(1, 9)), rank * units
    wide = draw(st.booleans())
    network = Network((1, inputs), draw(st.floats(0.01, 0.1)), draw(ZERO_POINTS))
    features = network.constant("features", random_weights(generator, (count, inputs)), [0.01])
    kind = np.int16 if wide else np.int8
    limits = (-3000, 3000) if wide else (-127, 128)
    times = network.constant("times", generator.integers(*limits, (count, memory)).astype(kind), [0.02])
    state_scale = float(np.float32(network.scale * (0.03 if wide else 0.5)))
    bias = generator.integers(-1000, 1000, units).astype(np.int32)
    zero_point = 0 if wide else draw(st.integers(-100, 100))
    inner = state(network, "state", count * memory, "INT16" if wide else "INT8", state_scale, zero_point)
    inputs_ = [0, features, times, network.constant("bias", bias, [state_scale * 0.02]), inner]
    options = schema.SVDFOptionsT()
    options.rank = rank
    scale = state_scale * 0.02 * (200_000 if wide else 200)
    output = network.activation("svdf", (1, units), scale, draw(ZERO_POINTS))
    network.add(schema.BuiltinOperator.SVDF, 3, inputs_, output, "SVDFOptions", options)
    return network, generator


@settings(max_examples=80)
@given(case=filters())
def test_filters_over_time_equal_the_reference(runner: KernelRunner, case: Case) -> None:
    network, generator = case
    expect_reference_bytes(runner, network, generator, inputs=inputs_of(network, generator))


def lstm(
    generator: np.random.Generator,
    steps: int,
    inputs: int,
    units: int,
    cell_power: int,
    clip: float,
    time_major: bool,
    zero_points: tuple[int, int],
) -> Network:
    shape = (steps, 1) if time_major else (1, steps)
    network = Network((*shape, inputs), 0.03, zero_points[0])
    hidden_scale = 1 / 128
    weights = [
        network.constant("weights", random_weights(generator, (units, inputs)), [float(scale)])
        for scale in generator.uniform(0.002, 0.02, 4)
    ]
    recurrent = [
        network.constant("recurrent", random_weights(generator, (units, units)), [float(scale)])
        for scale in generator.uniform(0.002, 0.02, 4)
    ]
    biases = [
        network.constant("bias", generator.integers(-3000, 3000, units).astype(np.int32), [1e-4])
        for _ in range(4)
    ]
    hidden = state(network, "hidden", units, "INT8", hidden_scale, zero_points[1])
    cell = state(network, "cell", units, "INT16", 2.0**cell_power, 0)
    inner = [*[ABSENT] * 3, *biases, ABSENT, ABSENT, hidden, cell, *[ABSENT] * 4]
    options: Any = schema.UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = 4
    options.cellClip = clip
    options.timeMajor = time_major
    output = network.activation("lstm", (*shape, units), hidden_scale, zero_points[1])
    network.add(
        schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM, 3, [0, *weights, *recurrent, *inner], output,
        "UnidirectionalSequenceLSTMOptions", options,
    )  # fmt: skip
    return network


@settings(max_examples=80)
@given(
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6)),
    cell_power=st.integers(-15, -9),
    clip=st.sampled_from([0.0, 0.5, 10.0]),
    time_major=st.booleans(),
    zero_points=st.tuples(ZERO_POINTS, ZERO_POINTS),
    seed=SEEDS,
)
def test_a_memory_over_a_sequence_equals_the_reference(
    runner: KernelRunner,
    sizes: tuple[int, int, int],
    cell_power: int,
    clip: float,
    time_major: bool,
    zero_points: tuple[int, int],
    seed: int,
) -> None:
    generator = np.random.default_rng(seed)
    network = lstm(generator, *sizes, cell_power, clip, time_major and sizes[0] == 1, zero_points)
    expect_reference_bytes(runner, network, generator, inputs=inputs_of(network, generator))


def changed(change: str) -> Network:
    network = lstm(np.random.default_rng(0), 2, 3, 4, -11, 0.0, False, (0, 0))
    inputs = network.operators[0].inputs
    if change == "peephole":
        inputs[9] = network.constant("peephole", np.ones(4, np.int16), [0.1])
    elif change == "scale":
        network.tensors[inputs[19]].quantization.scale = [0.0005]
    elif change == "batch":
        network.tensors[0].shape = [1, 2, 3]
        network.operators[0].builtinOptions.timeMajor = True
    elif change == "weights":
        network.tensors[inputs[1]].shape = [3, 4]
    return network


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("peephole", r"has peepholes, a projection or a layer normalisation \(inputs \[9\]\)"),
        ("scale", r"has tensor \d+ \(cell\) of scale 0.0005, no power of two"),
        ("batch", r"has a batch of 2"),
        ("weights", r"has tensor \d+ \(weights\) of shape \[3, 4\]"),
    ],
)
def test_what_the_reference_cannot_compute_is_refused(change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan_model(parse_model(changed(change).flatbuffer()), ["lstm"])
