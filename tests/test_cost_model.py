"""What the planner thinks that a layer costs, against what it costs on the emulated Cortex-M4F at -O2."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.aot.call import KernelCall
from codegen.aot.variants import VARIANTS
from codegen.aot.variants.variant import Variant
from contract.flatbuffer import parse_model
from tests.many_networks import run_on_board, write_sources
from tests.networks import Network, random_weights, some_inputs

TOLERANCE = 0.05
DUAL = 0.35  # of the older variants, which are C but for their innermost loop: they only have to lose or win
COMPILER = 0.10  # more, as what another version makes of the C around the assembly differs
SMALL = 700  # instructions: of a layer with next to no work the call counts


@dataclass(frozen=True)
class Layer:
    """A layer as networks have it."""

    operator: str
    input: tuple[int, ...]  # height, width, channels; or depth
    outputs: int
    taps: tuple[int, int] = (1, 1)
    options: dict[str, Any] = field(default_factory=dict)

    def network(self, generator: np.random.Generator) -> Network:
        network = Network((1, *self.input), 0.05, -128)
        bias = generator.integers(-2000, 2000, self.outputs).astype(np.int32)
        scales = list(generator.uniform(0.001, 0.003, self.outputs))
        channels = self.input[-1]
        into = (bias, 0.1, -128)
        if self.operator == "FULLY_CONNECTED":
            weights = random_weights(generator, (self.outputs, channels))
            network.fully_connected(weights, scales, *into, activation="RELU")
        elif self.operator == "DEPTHWISE_CONV_2D":
            weights = random_weights(generator, (1, *self.taps, channels))
            network.depthwise_conv_2d(
                weights, scales, *into, activation="RELU", padding="SAME", **self.options
            )
        else:
            weights = random_weights(generator, (self.outputs, *self.taps, channels))
            network.conv_2d(weights, scales, *into, activation="RELU", padding="SAME", **self.options)
        return network


TWO = {"stride": (2, 2)}
LAYERS = (
    Layer("CONV_2D", (25, 5, 64), 64),
    Layer("CONV_2D", (24, 24, 8), 16),
    Layer("CONV_2D", (6, 6, 106), 57),
    Layer("CONV_2D", (3, 3, 128), 256),
    Layer("CONV_2D", (49, 10, 1), 64, (10, 4), TWO),
    Layer("CONV_2D", (48, 48, 3), 8, (3, 3), TWO),
    Layer("CONV_2D", (16, 16, 16), 16, (3, 3)),
    Layer("CONV_2D", (16, 16, 32), 64, (3, 3), TWO),
    Layer("CONV_2D", (12, 12, 24), 20, (3, 3)),
    Layer("CONV_2D", (8, 8, 64), 64, (3, 3)),
    Layer("CONV_2D", (20, 20, 2), 12, (5, 5)),
    Layer("DEPTHWISE_CONV_2D", (25, 5, 64), 64, (3, 3)),
    Layer("DEPTHWISE_CONV_2D", (48, 48, 8), 8, (3, 3)),
    Layer("DEPTHWISE_CONV_2D", (24, 24, 32), 32, (3, 3), TWO),
    Layer("DEPTHWISE_CONV_2D", (6, 6, 57), 57, (3, 3)),
    Layer("FULLY_CONNECTED", (640,), 128),
    Layer("FULLY_CONNECTED", (128,), 128),
    Layer("FULLY_CONNECTED", (400,), 10),
)


def test_instructions_are_what_the_planner_expects(tmp_path: Path, exact_compiler: bool) -> None:
    """Of every variant that takes a layer, not only of the chosen one."""
    generator = np.random.default_rng(5)
    networks = [layer.network(generator) for layer in LAYERS]
    chosen: list[tuple[Network, Variant, int]] = []
    for network in networks:
        model = parse_model(network.flatbuffer())
        for variant in VARIANTS:
            if variant.operator != model.operators[0].name:
                continue
            call = variant.match(model, model.operators[0])
            if isinstance(call, KernelCall) and call.instructions is not None:
                chosen.append((network, variant, call.instructions))
    sources = write_sources(
        [network.flatbuffer() for network, _, _ in chosen],
        "speed",
        tmp_path,
        variants=[(variant,) for _, variant, _ in chosen],
    )
    inputs = [some_inputs(network, generator, 1) for network, _, _ in chosen]
    outcomes = run_on_board(sources, "-O2", inputs, tmp_path / "board")
    wrong = [
        f"{variant.operator} {variant.name} {network.shape}: {expected:,} for {outcome.instructions:,.0f}"
        for (network, variant, expected), outcome in zip(chosen, outcomes, strict=True)
        if abs(expected - outcome.instructions)
        > (DUAL if variant.name == "dual" else TOLERANCE) * outcome.instructions
        + (0 if exact_compiler else COMPILER * outcome.instructions)
        + SMALL
    ]
    assert wrong == []


@pytest.fixture
def exact_compiler() -> bool:
    from bench import committed

    return committed.compiler() == committed.read()[0]
