"""SOFTMAX: the bytes of TensorFlow Lite Micro, over generated shapes, scales and extreme values.

The kernel runs under AddressSanitizer and UBSan.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.aot.plan import plan_model
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import Network, reference
from tests.operators.drawing import SEEDS, ZERO_POINTS, Case, expect_reference_bytes


@st.composite
def softmaxes(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    shape = (
        1,
        *draw(st.lists(st.integers(1, 3), max_size=2)),
        draw(st.sampled_from([1, 2, 3, 10, 10, 100, 511])),
    )
    network = Network(shape, draw(st.floats(1e-6, 40) | st.floats(0.01, 0.3)), draw(ZERO_POINTS))
    network.softmax(draw(st.sampled_from([1.0, 0.1, 8.0])))
    return network, generator


@settings(max_examples=120)
@given(case=softmaxes())
def test_a_softmax_equals_the_reference(runner: KernelRunner, case: Case) -> None:
    expect_reference_bytes(runner, *case, spreads=range(1, 256, 5))


def test_a_softmax_over_many_classes_equals_the_reference_while_one_stands_out(runner: KernelRunner) -> None:
    network = Network((1, 4095), 0.5, 0)
    network.softmax()
    inputs = np.full((1, 4095), -128, np.int8)
    inputs[0, 1234] = 100
    flatbuffer = network.flatbuffer()
    plan = plan_model(parse_model(flatbuffer), ["softmax"])
    np.testing.assert_array_equal(runner.run(plan, inputs), reference(flatbuffer, inputs))


def test_a_softmax_over_many_equal_classes_is_zero_where_the_reference_aborts(runner: KernelRunner) -> None:
    network = Network((1, 4095), 0.5, 0)
    network.softmax()
    plan = plan_model(parse_model(network.flatbuffer()), ["softmax"])
    outputs = runner.run(plan, np.full((1, 4095), 7, np.int8))
    assert (outputs == -128).all()
