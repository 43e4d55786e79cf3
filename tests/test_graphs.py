"""Random graphs: branches, residuals, broadcasts, constants, views that share memory, float and uint8 at the
edges, and states, byte for byte."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.call import KernelCall
from codegen.aot.plan import Plan, plan_model
from contract.flatbuffer import parse_model
from contract.state import is_stateful
from quantize.artefacts import random_inputs
from tests.many_networks import run_on_board, run_on_host, write_sources
from tests.networks import Network, random_weights, reference, some_inputs
from tests.streaming import Streaming

GRAPHS = 90
SCALE = 0.05


class Graph:
    """A network that grows from any of its tensors, all of one scale."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        size = [int(self.generator.integers(1, 7)) for _ in range(2)]
        self.network = Network((1, *size, int(self.generator.integers(1, 5))), SCALE, self.zero_point())
        inputs = [self.network.last]
        for _ in range(int(self.generator.integers(0, 3))):  # more inputs, some of the same shape
            shape = self.shape(0) if self.generator.random() < 0.5 else (1, 1, 1, self.shape(0)[3])
            inputs.append(self.edge(shape))
        self.network.model.subgraphs[0].inputs = inputs
        self.tensors = [self.quantised(index) for index in inputs]
        self.streaming = Streaming(self.network)
        self.state: int | None = None
        if self.generator.random() < 0.3:
            shape = self.shape(0)
            first = self.generator.integers(-128, 128, shape).astype(np.int8)
            self.state = self.streaming.variable("state", shape, SCALE, -3, first)
            self.tensors.append(self.state)

    def edge(self, shape: tuple[int, ...]) -> int:
        """A tensor of a type that an application has."""
        kind = self.generator.random()
        if kind < 0.2:
            return self.network.real("real", shape)
        if kind < 0.4:
            return self.network.unsigned("unsigned", shape, SCALE, self.zero_point() + 128)
        return self.network.activation("another", shape, SCALE, self.zero_point())

    def quantised(self, tensor: int) -> int:
        """The int8 of an input."""
        if self.network.tensors[tensor].type == schema.TensorType.INT8:
            return tensor
        self.network.last = tensor
        self.network.quantize(
            self.network.activation("quantised", self.shape(tensor), SCALE, self.zero_point())
        )
        return self.network.last

    def finish(self) -> None:
        """Let the state run along, and some outputs be of the application's types."""
        if self.state is not None:
            shape = self.shape(self.state)
            fitting = [other for other in self.tensors if _broadcast(shape, self.shape(other)) == shape]
            inputs = [self.state, int(self.generator.choice(fitting))]
            output = self.network.activation("next state", shape, SCALE, -3)
            options = schema.AddOptionsT()
            self.network.add(schema.BuiltinOperator.ADD, 2, inputs, output, "AddOptions", options)
            self.streaming.assign("state", output)
        main = self.network.model.subgraphs[0]
        outputs = list(main.outputs)
        for place, index in enumerate(outputs):
            kind = self.generator.random()
            self.network.last = index
            if kind < 0.15:
                self.network.dequantize()
            elif kind < 0.3:
                zero_point = self.zero_point() + 128
                self.network.quantize(self.network.unsigned("unsigned", self.shape(index), SCALE, zero_point))
            outputs[place] = self.network.last
        main.outputs = outputs
        self.streaming.finish()

    def zero_point(self) -> int:
        return int(self.generator.integers(-128, 128))

    def pick(self) -> int:
        """A tensor, more likely a late one."""
        place = len(self.tensors) - 1 - int(self.generator.geometric(0.4) - 1)
        return self.tensors[max(0, place)]

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(self.network.tensors[tensor].shape)

    def grow(self) -> None:
        """One more operator."""
        steps = [
            *(self.join, self.join, self.activate, self.reduce, self.concatenate, self.view),
            *(self.convolve, self.convolve, self.pool, self.dense),
        ]
        step: Callable[[int], None] = steps[self.generator.integers(len(steps))]
        start = self.pick()
        self.network.last = start
        step(start)
        self.tensors.append(self.network.last)

    def join(self, start: int) -> None:
        """A sum, difference or product with a tensor of a shape that can be broadcast, or with a constant."""
        name = str(self.generator.choice(["ADD", "SUB", "MUL"]))
        shape = self.shape(start)
        fitting = [other for other in self.tensors if _broadcast(shape, self.shape(other)) is not None]
        other = int(self.generator.choice(fitting))
        if self.generator.random() < 0.2:
            values = self.generator.integers(-128, 128, shape[-1:]).astype(np.int8)
            other = self.network.constant("constant", values, [SCALE])
        options = getattr(schema, f"{name.capitalize()}OptionsT")()
        result = _broadcast(shape, self.shape(other))
        assert result is not None
        inputs = [start, other] if self.generator.random() < 0.5 else [other, start]
        output = self.network.activation(name.lower(), result, SCALE, self.zero_point())
        code = getattr(schema.BuiltinOperator, name)
        self.network.add(code, 2, inputs, output, f"{name.capitalize()}Options", options)

    def activate(self, start: int) -> None:
        output = self.network.activation("relu", self.shape(start), SCALE, self.zero_point())
        self.network.add(schema.BuiltinOperator.RELU, 2, [start], output)

    def reduce(self, start: int) -> None:
        """The mean of the rows or columns, which keeps its place as a dimension of one."""
        shape = list(self.shape(start))
        axis = int(self.generator.integers(1, len(shape)))
        shape[axis] = 1
        axes = self.network.constant("axes", np.array([axis], np.int32))
        options = schema.ReducerOptionsT()
        options.keepDims = True
        output = self.network.activation("mean", shape, SCALE, self.zero_point())
        self.network.add(schema.BuiltinOperator.MEAN, 2, [start, axes], output, "ReducerOptions", options)

    def concatenate(self, start: int) -> None:
        """The tensor twice, or with another of its shape and quantisation."""
        quantization = self.network.tensors[start].quantization
        alike = [
            other
            for other in self.tensors
            if self.shape(other) == self.shape(start)
            and self.network.tensors[other].quantization.zeroPoint[0] == quantization.zeroPoint[0]
        ]
        other = int(self.generator.choice(alike))
        shape = list(self.shape(start))
        axis = int(self.generator.integers(1, len(shape)))
        shape[axis] *= 2
        if np.prod(shape) > 2000:
            self.activate(start)
            return
        options = schema.ConcatenationOptionsT()
        options.axis = axis
        output = self.network.activation("joined", shape, SCALE, quantization.zeroPoint[0])
        code = schema.BuiltinOperator.CONCATENATION
        self.network.add(code, 2, [start, other], output, "ConcatenationOptions", options)

    def view(self, start: int) -> None:
        """The same bytes as columns instead of rows."""
        one, height, width, channels = self.shape(start)
        self.network.reshape((one, width, height, channels))

    def convolve(self, start: int) -> None:
        """Of any kind that keeps the image's size, or halves it."""
        channels = self.shape(start)[3]
        taps = int(self.generator.integers(1, 4)), int(self.generator.integers(1, 4))
        stride = (1, 1) if self.generator.random() < 0.7 else (2, 2)
        output = SCALE, self.zero_point()
        if self.generator.random() < 0.5:
            weights = random_weights(self.generator, (1, *taps, channels))
            self.network.depthwise_conv_2d(weights, [0.01], None, *output, padding="SAME", stride=stride)
        else:
            weights = random_weights(self.generator, (int(self.generator.integers(1, 5)), *taps, channels))
            self.network.conv_2d(weights, [0.01], None, *output, padding="SAME", stride=stride)

    def dense(self, start: int) -> None:
        """A layer of every pixel."""
        weights = random_weights(self.generator, (int(self.generator.integers(1, 9)), self.shape(start)[3]))
        self.network.fully_connected(weights, [0.01], None, SCALE, self.zero_point(), keep_num_dims=True)

    def pool(self, start: int) -> None:
        pool = self.network.max_pool_2d if self.generator.random() < 0.5 else self.network.average_pool_2d
        window = int(self.generator.integers(1, 4)), int(self.generator.integers(1, 4))
        stride = (1, 1) if self.generator.random() < 0.7 else (2, 2)
        pool(window, stride, "SAME")


def _broadcast(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(one, other)
    except ValueError:
        return None


def random_graph(seed: int) -> Network:
    graph = Graph(seed)
    for _ in range(int(graph.generator.integers(2, 12))):
        graph.grow()
    read = {index for operator in graph.network.operators for index in operator.inputs}
    ends = [index for index in graph.tensors if index not in read]
    if graph.generator.random() < 0.8:  # else the last is the only output, and what it does not need is dead
        inner = graph.pick()  # an output may be read inside, too
        graph.network.model.subgraphs[0].outputs = list(dict.fromkeys([*ends, inner]))
    else:
        graph.network.model.subgraphs[0].outputs = [graph.tensors[-1]]
    graph.finish()
    return graph.network


def inputs_of(network: Network) -> NDArray[np.int8]:
    """(N, bytes of all inputs), with the extremes where all of them are int8."""
    model = parse_model(network.flatbuffer())
    if all(model.tensors[index].type == "INT8" for index in model.inputs):
        return some_inputs(network, np.random.default_rng(0))
    inputs = random_inputs(model, 6, seed=0)
    return np.ascontiguousarray(inputs).view(np.int8).reshape(len(inputs), -1)


Graphs = tuple[list[bytes], list[NDArray[np.int8]], list[NDArray[np.int8]]]


@pytest.fixture(scope="module")
def graphs() -> Graphs:
    """Flatbuffers, inputs and the outputs of TensorFlow Lite Micro."""
    networks = [random_graph(seed) for seed in range(GRAPHS)]
    flatbuffers = [network.flatbuffer() for network in networks]
    inputs = [inputs_of(network) for network in networks]
    expected = [reference(*pair) for pair in zip(flatbuffers, inputs, strict=True)]
    return flatbuffers, inputs, expected


def plans(flatbuffers: list[bytes]) -> list[Plan]:
    models = [parse_model(flatbuffer) for flatbuffer in flatbuffers]
    return [plan_model(model, [f"layer_{one.index}" for one in model.operators]) for model in models]


def test_random_graphs_equal_the_reference_under_sanitizers(graphs: Graphs, tmp_path: Path) -> None:
    flatbuffers, inputs, expected = graphs
    outputs = run_on_host(write_sources(flatbuffers, "portable", tmp_path), inputs, tmp_path / "host")
    for index, pair in enumerate(zip(outputs, expected, strict=True)):
        np.testing.assert_array_equal(*pair, err_msg=f"graph {index}")


@pytest.mark.parametrize("goal", ["speed", "size"])
def test_random_graphs_equal_the_reference_on_the_board(graphs: Graphs, goal: str, tmp_path: Path) -> None:
    flatbuffers, inputs, expected = graphs
    outcomes = run_on_board(write_sources(flatbuffers, goal, tmp_path), "-O2", inputs, tmp_path / "board")
    for index, (outcome, outputs) in enumerate(zip(outcomes, expected, strict=True)):
        np.testing.assert_array_equal(outcome.outputs, outputs, err_msg=f"graph {index}")


def reaching_in(plan: Plan) -> list[KernelCall]:
    """The calls whose output shares bytes with an input."""
    return [
        call
        for call in plan.kernel_calls
        if any(
            _share(plan, plan.buffer_of[call.outputs[0]], plan.buffer_of[index])
            for index in call.inputs
            if index in plan.buffer_of
        )
    ]


def _share(plan: Plan, one: int, other: int) -> bool:
    buffers, places = plan.arena.buffers, plan.arena.places
    return (
        places[one] < places[other] + buffers[other].bytes
        and places[other] < places[one] + buffers[one].bytes
    )


def test_the_graphs_hold_what_they_are_drawn_for(graphs: Graphs) -> None:
    """Branches, and outputs that reach into an input, are among them, more than once."""
    branches = overlaps = backward = several = edges = states = 0
    for plan in plans(graphs[0]):
        branches += any(len(readers) > 1 for readers in plan.model.readers.values())
        overlaps += bool(reaching_in(plan))
        backward += any(call.parameters.get("backward") for call in reaching_in(plan))
        several += len(plan.model.inputs) > 1 and len(plan.model.outputs) > 1
        types = {plan.model.tensors[index].type for index in (*plan.model.inputs, *plan.model.outputs)}
        edges += types != {"INT8"}
        states += is_stateful(plan.model)
    assert min(branches, overlaps) > GRAPHS // 4
    assert min(several, edges, states) > GRAPHS // 10
    assert backward > GRAPHS // 30


# ---- memory ----
def activations(count: int) -> Network:
    """`count` activation functions behind each other."""
    network = Network((1, 1000))
    for _ in range(count):
        output = network.activation("relu", (1, 1000), SCALE, 0)
        network.add(schema.BuiltinOperator.RELU, 2, [network.last], output)
    return network


def test_a_chain_of_activations_needs_the_memory_of_one() -> None:
    (plan,) = plans([activations(5).flatbuffer()])
    assert plan.arena.bytes == 1000


def test_an_input_that_is_read_later_is_not_overwritten() -> None:
    network = activations(1)
    options = schema.AddOptionsT()
    output = network.activation("sum", (1, 1000), SCALE, 0)
    network.add(schema.BuiltinOperator.ADD, 2, [0, network.last], output, "AddOptions", options)
    (plan,) = plans([network.flatbuffer()])
    assert plan.arena.bytes == 2000


def test_an_input_that_is_also_read_through_a_view_is_not_overwritten() -> None:
    """The kernel may walk the view in another order than the output."""
    network = Network((1, 2, 3))
    network.reshape((2, 3))
    view = network.last
    output = network.activation("sum", (1, 2, 3), SCALE, 0)
    network.add(schema.BuiltinOperator.ADD, 2, [0, view], output, "AddOptions", schema.AddOptionsT())
    (plan,) = plans([network.flatbuffer()])
    assert not _share(plan, plan.buffer_of[output], plan.buffer_of[0])
