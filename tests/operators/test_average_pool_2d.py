"""AVERAGE_POOL_2D: the bytes of TensorFlow Lite Micro, over generated shapes, scales and extreme values.

The kernel runs under AddressSanitizer and UBSan.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.aot.arithmetic.fixed_point import INT32_MIN
from codegen.aot.operators.average_pool_2d import MOST_TAPS
from codegen.aot.plan import Plan, plan_model
from codegen.tflm.arena import scratch_bytes
from contract.errors import UserError
from contract.flatbuffer import parse_model
from contract.runtimes import AOT, check
from tests.kernel_runner import KernelRunner
from tests.networks import ACTIVATIONS as ACTIVATION_CODES
from tests.networks import Network, reference
from tests.operators.drawing import (
    ACTIVATIONS,
    PADDINGS,
    SCALES,
    SEEDS,
    ZERO_POINTS,
    Case,
    expect_reference_bytes,
)


def pooled(network: Network, *arguments: Any, **settings: Any) -> Network:
    """The network with an average pooling behind it."""
    network.average_pool_2d(*arguments, **settings)
    return network


def plan(network: Network) -> Plan:
    model = parse_model(network.flatbuffer())
    check(model, AOT)
    return plan_model(model, [f"layer_{operator.index}" for operator in model.operators])


@st.composite
def poolings(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    window = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    padding = draw(PADDINGS)
    size = [draw(st.integers(taps if padding == "VALID" else 1, taps + 9)) for taps in window]
    network = Network((1, *size, draw(st.integers(1, 9))), draw(SCALES), draw(ZERO_POINTS))
    stride = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    return pooled(network, window, stride, padding, draw(ACTIVATIONS)), generator


@settings(max_examples=120)
@given(case=poolings(), goal=st.sampled_from(["portable", "speed"]))
def test_an_average_pooling_equals_the_reference(runner: KernelRunner, case: Case, goal: str) -> None:
    expect_reference_bytes(runner, *case, goal=goal)


@pytest.mark.parametrize("taps", [*range(1, 17), 25])
def test_every_sum_of_a_window_is_rounded_as_in_the_reference(runner: KernelRunner, taps: int) -> None:
    """One window whose channels have every sum from the least to the greatest: all ties are among them."""
    sums = np.arange(-128 * taps, 127 * taps + 1)
    values = sums // taps + (np.arange(taps)[:, np.newaxis] < sums % taps)  # (taps, channels)
    assert (values.sum(axis=0) == sums).all()
    network = pooled(Network((1, 1, *values.shape)), window=(1, taps))
    inputs = values.astype(np.int8).reshape(1, -1)
    np.testing.assert_array_equal(runner.run(plan(network), inputs), reference(network.flatbuffer(), inputs))


@pytest.mark.parametrize("size", [(16, 16), (255, 1), (1, 256), (40, 23)])
@pytest.mark.parametrize("value", [-128, 127])
def test_four_channels_at_a_time_hold_the_sums_of_large_windows(
    runner: KernelRunner, size: tuple[int, int], value: int
) -> None:
    network = pooled(Network((1, *size, 6)), window=size)
    inputs = np.full((1, size[0] * size[1] * 6), value, np.int8)
    inputs[:, ::13] = 3
    expect_reference_bytes(runner, network, np.random.default_rng(0), inputs=inputs, goal="speed")


# ---- the arena of TensorFlow Lite Micro ----
def test_the_cortex_m_kernel_s_sums_are_counted() -> None:
    network = pooled(Network((1, 6, 4, 7)))
    assert scratch_bytes(parse_model(network.flatbuffer())) == 7 * 4


# ---- refusals ----
def make_requantise(network: Network) -> None:
    network.tensors[network.last].quantization.scale = [0.5]


def make_move_the_zero_point(network: Network) -> None:
    network.tensors[network.last].quantization.zeroPoint = [1]


def make_wrong_output(network: Network) -> None:
    network.tensors[network.last].shape = [1, 3, 4, 3]


def make_window_larger_than_input(network: Network) -> None:
    network.operators[0].builtinOptions.filterWidth = 9


def make_flat(network: Network) -> None:
    network.tensors[0].shape = [1, 6, 18]


def make_two_inputs(network: Network) -> None:
    network.operators[0].inputs = [0, 0]


def make_tanh(network: Network) -> None:
    network.operators[0].builtinOptions.fusedActivationFunction = ACTIVATION_CODES["TANH"]


def make_int16_version(network: Network) -> None:
    network.model.operatorCodes[0].version = 3


REFUSED: list[tuple[Callable[[Network], None], str]] = [
    (make_requantise, r"copies values from .* \(pool\), which are quantised differently"),
    (make_move_the_zero_point, r"copies values from .* \(pool\), which are quantised differently"),
    (make_wrong_output, r"has tensor 1 \(pool\) of shape \[1, 3, 4, 3\] .* give \[1, 3, 3, 3\]"),
    (make_window_larger_than_input, r"has tensor 1 \(pool\) of shape .* give \[1, 3, -?\d+, 3\]"),
    (make_flat, r"reads tensor 0 \(input\) of shape \[1, 6, 18\]; convert the model again"),
    (make_two_inputs, r"has 2 inputs and 1 outputs"),
    (make_tanh, r"has the fused activation TANH"),
    (make_int16_version, r"has version 3, .* up to version 2"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[change.__name__ for change, _ in REFUSED])
def test_a_pooling_that_does_not_fit_together_is_refused(
    change: Callable[[Network], None], message: str
) -> None:
    network = pooled(Network((1, 6, 6, 3)))
    change(network)
    with pytest.raises(UserError, match=r"operator 0 \(AVERAGE_POOL_2D\) " + message):
        plan(network)


def test_the_pooling_itself_is_not_refused() -> None:
    assert [call.variant for call in plan(pooled(Network((1, 6, 6, 3)))).calls] == ["portable"]


def test_a_window_whose_sum_could_leave_32_bits_is_refused() -> None:
    def planned(taps: int) -> Plan:
        return plan(pooled(Network((1, 1, taps, 1)), window=(1, taps)))

    def rounded_sum(taps: int) -> int:
        """The least sum, and what is taken off to round it."""
        return -128 * taps - taps // 2

    assert rounded_sum(MOST_TAPS + 1) < INT32_MIN <= rounded_sum(MOST_TAPS)
    planned(MOST_TAPS)
    with pytest.raises(UserError, match=r"\(AVERAGE_POOL_2D\) averages 16,711,936 values, .* 16,711,935;"):
        planned(MOST_TAPS + 1)
