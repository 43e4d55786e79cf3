"""MAX_POOL_2D: the bytes of TensorFlow Lite Micro, over generated shapes, scales and extreme values.

The kernel runs under AddressSanitizer and UBSan.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel_runner import KernelRunner
from tests.networks import Network
from tests.operators.drawing import (
    ACTIVATIONS,
    PADDINGS,
    SCALES,
    SEEDS,
    ZERO_POINTS,
    Case,
    expect_reference_bytes,
)


@st.composite
def poolings(draw: st.DrawFn) -> Case:
    generator = np.random.default_rng(draw(SEEDS))
    window = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    padding = draw(PADDINGS)
    size = [draw(st.integers(taps if padding == "VALID" else 1, taps + 9)) for taps in window]
    network = Network((1, *size, draw(st.integers(1, 9))), draw(SCALES), draw(ZERO_POINTS))
    network.max_pool_2d(
        window, draw(st.tuples(st.integers(1, 6), st.integers(1, 6))), padding, draw(ACTIVATIONS)
    )
    return network, generator


@settings(max_examples=120)
@given(case=poolings(), goal=st.sampled_from(["portable", "speed"]))
def test_a_max_pooling_equals_the_reference(runner: KernelRunner, case: Case, goal: str) -> None:
    expect_reference_bytes(runner, *case, goal=goal)
