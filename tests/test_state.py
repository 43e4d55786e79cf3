"""Models that keep a state from one inference to the next: variables, assigned and read."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import Plan, plan_model
from contract.errors import UserError
from contract.flatbuffer import parse_model
from contract.state import is_stateful
from tests.kernel_runner import KernelRunner
from tests.many_networks import run_on_board, run_on_host, write_sources
from tests.networks import Network, random_weights, reference
from tests.operators.conftest import runner  # noqa: F401 (a fixture)
from tests.streaming import Streaming

SCALE = 0.05
STEPS = 9  # inferences in a row


def stream(seed: int) -> Network:
    """Frames that are joined to a window of those before them: the window moves on and is convolved, and a
    sum runs along."""
    generator = np.random.default_rng(seed)
    frames, channels = int(generator.integers(1, 4)), int(generator.integers(1, 5))
    zero_point = int(generator.integers(-128, 128))
    first = generator.integers(-128, 128, (1, 3, 1, channels)).astype(np.int8)
    network = Network((1, frames, 1, channels), SCALE, zero_point)
    streaming = Streaming(network)
    chosen = [None, np.full_like(first, 7), first][generator.integers(3)]
    window = streaming.variable("model/stream/states", first.shape, SCALE, zero_point, chosen)
    joined = network.activation("joined", (1, 3 + frames, 1, channels), SCALE, zero_point)
    options = schema.ConcatenationOptionsT()
    options.axis = 1
    code = schema.BuiltinOperator.CONCATENATION
    network.add(code, 2, [window, 0], joined, "ConcatenationOptions", options)
    rest = network.activation("rest", first.shape, SCALE, zero_point)
    bounds = [(0, frames, 0, 0), (1, 3 + frames, 1, channels), (1, 1, 1, 1)]
    cuts = [network.constant("cut", np.array(bound, np.int32)) for bound in bounds]
    network.add(
        schema.BuiltinOperator.STRIDED_SLICE, 1, [joined, *cuts], rest, "StridedSliceOptions",
        schema.StridedSliceOptionsT(),
    )  # fmt: skip
    streaming.assign("model/stream/states", rest)
    network.last = joined
    weights = random_weights(generator, (2, 3, 1, channels))
    network.conv_2d(weights, [0.01], None, SCALE, 5)
    features = network.last
    total = streaming.variable("sum", network.shape, SCALE, -3, None)
    output = network.activation("total", network.shape, SCALE, -3)
    add = schema.BuiltinOperator.ADD
    network.add(add, 2, [total, features], output, "AddOptions", schema.AddOptionsT())
    streaming.assign("sum", output)
    network.model.subgraphs[0].outputs = [output, features]
    return streaming.finish()


def inputs_of(network: Network, seed: int) -> np.ndarray:  # type: ignore[type-arg]
    size = int(np.prod(network.tensors[0].shape))
    return np.random.default_rng(seed).integers(-128, 128, (STEPS, size)).astype(np.int8)


def plan_of(network: Network, goal: str = "portable") -> Plan:
    model = parse_model(network.flatbuffer())
    return plan_model(model, [f"layer_{operator.index}" for operator in model.operators], goal)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_stream_equals_the_reference(runner: KernelRunner, seed: int) -> None:  # noqa: F811
    network = stream(seed)
    inputs = inputs_of(network, seed)
    np.testing.assert_array_equal(
        runner.run(plan_of(network), inputs), reference(network.flatbuffer(), inputs)
    )


@pytest.mark.parametrize("goal", ["speed", "size"])
def test_streams_equal_the_reference_in_one_arena(goal: str, tmp_path: Path) -> None:
    networks = [stream(seed) for seed in range(12)]
    flatbuffers = [network.flatbuffer() for network in networks]
    inputs = [inputs_of(network, seed) for seed, network in enumerate(networks)]
    sources = write_sources(flatbuffers, goal, tmp_path)
    on_host = run_on_host(sources, inputs, tmp_path / "host")
    on_board = run_on_board(sources, "-O2", inputs, tmp_path / "board")
    for flatbuffer, given_inputs, host, board in zip(flatbuffers, inputs, on_host, on_board, strict=True):
        expected = reference(flatbuffer, given_inputs)
        np.testing.assert_array_equal(host, expected)
        np.testing.assert_array_equal(board.outputs, expected)


def test_what_is_read_and_assigned_later_is_not_copied() -> None:
    """The sum is added to where it lies; the window is joined from where it lies."""
    kernels = [call.kernel for call in plan_of(stream(0)).kernel_calls]
    assert kernels.count("copy_bytes") == 2  # both assignments


def test_a_model_says_whether_it_has_a_state() -> None:
    assert is_stateful(parse_model(stream(0).flatbuffer()))
    network = Network((1, 4))
    network.softmax()
    assert not is_stateful(parse_model(network.flatbuffer()))


def test_a_value_read_before_an_assignment_stays_what_it_was(runner: KernelRunner) -> None:  # noqa: F811
    """The old value is an output, the new one is assigned before the inference ends."""
    network = Network((1, 4), SCALE, 2)
    streaming = Streaming(network)
    old = streaming.variable("last", (1, 4), SCALE, 2, np.array([[1, 2, 3, 4]], np.int8))
    streaming.assign("last", 0)
    network.model.subgraphs[0].outputs = [old]
    streaming.finish()
    inputs = inputs_of(network, 0)
    outputs = runner.run(plan_of(network), inputs)
    np.testing.assert_array_equal(outputs, reference(network.flatbuffer(), inputs))
    np.testing.assert_array_equal(outputs[1:], inputs[:-1])


def test_a_resource_without_a_handle_is_refused() -> None:
    network = stream(0)
    reading = next(one for one in network.operators if one.outputs and not one.inputs)
    reading.outputs, spare = [network.integers("spare", (1,))], reading.outputs[0]
    network.tensors[spare].isVariable = True
    with pytest.raises(UserError, match="uses a resource that no VAR_HANDLE gives"):
        plan_of(network)
