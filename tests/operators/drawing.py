"""Networks of one operator drawn by hypothesis, and the comparison with TensorFlow Lite Micro."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from codegen.aot.call import Alias, KernelCall
from codegen.aot.plan import Plan, plan_model
from codegen.aot.variants import VARIANTS
from codegen.aot.variants.variant import Variant
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import Network, random_weights, reference, some_inputs

ZERO_POINTS = st.sampled_from([-128, -127, -5, 0, 3, 127]) | st.integers(-128, 127)
SCALES = st.floats(0.002, 0.5)
ACTIVATIONS = st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])
PADDINGS = st.sampled_from(["SAME", "VALID"])
SEEDS = st.integers(0, 2**32 - 1)


Case = tuple[Network, np.random.Generator]


def variants_of(operator: str) -> st.SearchStrategy[Variant]:
    """Any variant of an operator."""
    return st.sampled_from([variant for variant in VARIANTS if variant.operator == operator])


def expect_reference_bytes(
    runner: KernelRunner,
    network: Network,
    generator: np.random.Generator,
    spreads: Sequence[int] = (),
    inputs: NDArray[np.int8] | None = None,
    goal: str = "portable",
    variant: Variant | None = None,
) -> None:
    """Plan the network for `goal`, run it, and compare every output byte with TensorFlow Lite Micro.

    With a `variant` the operators that can have it get it, whatever it costs.

    `inputs` are (N, input bytes), or else some are drawn. For each of `spreads` there is one more, whose
    values differ by no more than that.
    """
    flatbuffer = network.flatbuffer()
    model = parse_model(flatbuffer)
    plan = plan_model(model, [f"layer_{operator.index}" for operator in model.operators], goal)
    if variant is not None:
        plan = replace(plan, calls=tuple(_forced(plan, call, variant) for call in plan.calls))
    if inputs is None:
        inputs = some_inputs(network, generator)
    if spreads:
        size = inputs.shape[1]
        close = [generator.integers(0, spread + 1, size) - 128 for spread in spreads]
        inputs = np.concatenate([inputs, np.array(close, np.int8)])
    np.testing.assert_array_equal(runner.run(plan, inputs), reference(flatbuffer, inputs))


def _forced(plan: Plan, call: KernelCall | Alias, variant: Variant) -> KernelCall | Alias:
    (operator, *others) = call.operators
    if others or operator.name != variant.operator:
        return call
    matched = variant.match(plan.model, operator)
    return call if isinstance(matched, str) or matched.operators != call.operators else matched


def random_values(generator: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Any int8, -128 too."""
    return generator.integers(-128, 128, shape).astype(np.int8)


def drawn_weights(
    draw: st.DrawFn, generator: np.random.Generator, shape: tuple[int, ...]
) -> NDArray[np.int8]:
    """Random weights, or all of one extreme."""
    extreme = draw(st.sampled_from([None, None, None, -128, 127]))
    return random_weights(generator, shape) if extreme is None else np.full(shape, extreme, np.int8)


def drawn_scales(draw: st.DrawFn, generator: np.random.Generator, channels: int) -> list[float]:
    """One scale, or one a channel."""
    scale = draw(SCALES)
    if draw(st.booleans()) or channels == 1:
        return [scale]
    return [scale * float(factor) for factor in generator.uniform(0.2, 1, channels)]


def output_scale(draw: st.DrawFn, network: Network, weight_scales: list[float], products: int) -> float:
    """A scale that spreads the outputs over int8, or saturates them, or leaves them all at the zero point.

    The requantisation factor, 64 over the number of products at most, is above 1 for small kernels.
    """
    spread = draw(st.sampled_from([0.25, 1.0, 4.0, 16.0, 64.0]) | st.floats(0.01, 64))
    return max(network.scale * max(weight_scales) * products / spread, 1e-30)


def drawn_bias(draw: st.DrawFn, generator: np.random.Generator, channels: int) -> NDArray[np.int32] | None:
    largest = draw(st.sampled_from([None, 1, 1000, 1 << 20]))
    return None if largest is None else generator.integers(-largest, largest + 1, channels).astype(np.int32)
