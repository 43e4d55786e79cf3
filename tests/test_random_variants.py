"""Random layers with every variant that can compute them, at every optimisation level and for every kind of
core, against TensorFlow Lite Micro.

Unlike a plan, these take a variant whatever it costs: what nobody would choose has to be right, too.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from codegen.aot.variants import VARIANTS
from codegen.aot.variants.variant import Variant
from contract.flatbuffer import parse_model
from tests.many_networks import run_on_board, write_sources
from tests.networks import Network, random_weights, reference, some_inputs

LAYERS = 20  # of each operator
OPERATORS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
ACTIVATIONS = ("RELU", "RELU", "NONE", "RELU6", "RELU_N1_TO_1")


@dataclass(frozen=True)
class Case:
    """A network of one layer, and the variant that it gets."""

    network: Network
    flatbuffer: bytes
    variant: Variant

    @property
    def name(self) -> str:
        return f"{self.variant.operator} {self.variant.name} {self.network.shape}"


def random_layer(operator: str, generator: np.random.Generator) -> Network:
    """Sizes that are multiples of nothing, and some that suit the kernels."""

    def number(least: int, most: int) -> int:
        return int(generator.integers(least, most + 1))

    channels, outputs = int(generator.choice([1, 3, 4, 5, 8, 12, 33])), number(2, 13)
    zero_point = int(generator.choice([-128, -128, 0, 17]))
    activation = str(generator.choice(ACTIVATIONS))
    output_zero_point = -128 if activation == "RELU" else int(generator.choice([-100, 3]))
    bias = generator.integers(-4000, 4000, 64).astype(np.int32)
    if operator == "FULLY_CONNECTED":
        depth = number(1, 140)
        network = Network((1, depth), 0.05, zero_point)
        network.fully_connected(
            random_weights(generator, (outputs, depth)),
            list(generator.uniform(0.001, 0.004, outputs)),
            bias[:outputs],
            0.1,
            output_zero_point,
            activation=activation,
        )
        return network
    network = Network((1, number(3, 15), number(3, 15), channels), 0.05, zero_point)
    taps = (3, 3) if generator.random() < 0.6 else (number(1, 3), number(1, 3))
    depthwise = operator == "DEPTHWISE_CONV_2D"
    filters = outputs if not depthwise or channels == 1 else channels
    add = network.depthwise_conv_2d if depthwise else network.conv_2d
    add(
        random_weights(generator, (1, *taps, filters) if depthwise else (filters, *taps, channels)),
        list(generator.uniform(0.002, 0.006, filters)),
        bias[:filters],
        0.05 if depthwise else 0.1,
        output_zero_point,
        padding=str(generator.choice(["SAME", "VALID"])),
        stride=(number(1, 2),) * 2 if generator.random() < 0.8 else (1, 2),
        activation=activation,
    )
    return network


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Each layer with each variant that takes it."""
    found = []
    generator = np.random.default_rng(11)
    for operator in OPERATORS:
        for _ in range(LAYERS):
            network = random_layer(operator, generator)
            flatbuffer = network.flatbuffer()
            model = parse_model(flatbuffer)
            found += [
                Case(network, flatbuffer, variant)
                for variant in VARIANTS
                if variant.operator == operator
                and not isinstance(variant.match(model, model.operators[0]), str)
            ]
    return found


@pytest.fixture(scope="module")
def inputs(cases: list[Case]) -> list[NDArray[np.int8]]:
    generator = np.random.default_rng(12)
    return [some_inputs(case.network, generator, 3) for case in cases]


def test_every_variant_takes_some_of_the_layers(cases: list[Case]) -> None:
    taken = {case.variant.name for case in cases}
    wanted = {variant.name for variant in VARIANTS if variant.operator in OPERATORS}
    assert wanted - taken == {"packed"}  # which wants a pooling behind it: tests/test_variants.py


@pytest.mark.parametrize(
    ("board", "core", "level", "instances"),
    [
        ("mps2-an386", None, "-Os", True),
        ("mps2-an386", None, "-O2", False),
        ("mps2-an386", None, "-O2", True),
        ("mps2-an386", None, "-O3", False),
        ("mps2-an505", None, "-O2", False),
        ("mps2-an385", None, "-O2", True),
        # What is compiled for a Cortex-M0+ runs on the emulated Cortex-M3, too.
        ("mps2-an385", "cortex-m0plus", "-O2", True),
        ("mps2-an385", "cortex-m0plus", "-Os", False),
    ],
)
def test_the_bytes_are_those_of_the_reference(
    cases: list[Case],
    inputs: list[NDArray[np.int8]],
    board: str,
    core: str | None,
    level: str,
    instances: bool,
    tmp_path: Path,
) -> None:
    sources = write_sources(
        [case.flatbuffer for case in cases],
        "speed",
        tmp_path,
        variants=[(case.variant,) for case in cases],
        instances=instances,
    )
    outcomes = run_on_board(sources, level, inputs, tmp_path / "board", board, core)
    wrong = [
        case.name
        for case, outcome, given in zip(cases, outcomes, inputs, strict=True)
        if not np.array_equal(outcome.outputs, reference(case.flatbuffer, given))
    ]
    assert wrong == []
