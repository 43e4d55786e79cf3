"""The order of calls: the smallest memory of all orders that compute the same."""

import itertools
import time
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.call import Alias, KernelCall
from codegen.aot.choice import calls_of, choose
from codegen.aot.plan import plan_model
from codegen.aot.schedule.arena import place
from codegen.aot.schedule.lifetimes import lifetimes
from codegen.aot.schedule.order import order
from contract.flatbuffer import parse_model
from contract.graph import Model
from contract.state import is_stateful
from tests.networks import Network, random_weights
from tests.test_graphs import random_graph


def layers(model: Model) -> list[str]:
    return [f"layer_{operator.index}" for operator in model.operators]


def branches(count: int, wide: int, narrow: int) -> Network:
    """Each branch widens the input to `wide` channels and narrows it again; all wide ones stand first."""
    generator = np.random.default_rng(0)
    network = Network((1, 4, 4, narrow), 0.05, 0)

    def convolve(start: int, channels: int) -> int:
        network.last = start
        weights = random_weights(generator, (channels, 3, 3, network.shape[3]))
        network.conv_2d(weights, [0.01], None, 0.05, 0, padding="SAME")
        return network.last

    ends = [convolve(start, narrow) for start in [convolve(0, wide) for _ in range(count)]]
    for end in ends[1:]:
        output = network.activation("sum", network.shape, 0.05, 0)
        inputs = [ends[0] if end is ends[1] else network.last, end]
        network.add(schema.BuiltinOperator.ADD, 2, inputs, output, "AddOptions", schema.AddOptionsT())
    return network


def test_branches_are_computed_one_after_the_other() -> None:
    model = parse_model(branches(4, wide=40, narrow=4).flatbuffer())
    as_in_file = place(lifetimes(model, calls_of(choose(model, "portable")), layers(model)).buffers)
    assert as_in_file.bytes > 4 * 16 * 40
    assert plan_model(model, layers(model)).arena.bytes < 2 * 16 * 40


def test_a_chain_keeps_its_order() -> None:
    network = Network((1, 4), 0.05, 0)
    for _ in range(5):
        network.fully_connected(np.ones((4, 4), np.int8), [0.01], None, 0.05, 0)
    model = parse_model(network.flatbuffer())
    calls = calls_of(choose(model, "portable"))
    assert order(model, calls) == calls


def test_many_branches_end_in_time() -> None:
    """A search that looks at every order of 24 branches would not."""
    model = parse_model(branches(24, wide=9, narrow=4).flatbuffer())
    started = time.process_time()
    order(model, calls_of(choose(model, "portable")))
    assert time.process_time() - started < 4


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_other_order_needs_less(seed: int) -> None:
    """Of small random graphs, against all orders; what lies over what is left out of both."""
    model = parse_model(random_graph(seed).flatbuffer())
    if is_stateful(model):
        return
    calls = calls_of(choose(model, "portable"))
    if len(calls) > 7:
        return
    chosen = order(model, calls)
    assert sorted(map(id, chosen)) == sorted(map(id, calls))
    assert is_possible(model, chosen)
    others = [list(tried) for tried in itertools.permutations(calls) if is_possible(model, tried)]
    assert peak(model, chosen) == min(peak(model, other) for other in others)


def is_possible(model: Model, calls: Sequence[KernelCall | Alias]) -> bool:
    """Whether each call reads what is written before it."""
    written = set(model.inputs)
    for call in calls:
        if any(model.tensors[index].data is None and index not in written for index in call.inputs):
            return False
        written |= set(call.outputs)
    return True


def peak(model: Model, calls: Sequence[KernelCall | Alias]) -> int:
    alive = lifetimes(model, calls, layers(model))
    return place(alive.buffers, alive.overlaps).bound
