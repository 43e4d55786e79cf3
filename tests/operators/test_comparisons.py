"""Comparisons, and the choice between two tensors by what they give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import plan_model
from contract.errors import UserError
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import Network
from tests.operators.drawing import SEEDS, ZERO_POINTS, expect_reference_bytes, random_values

RELATIONS = ["EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"]
SCALES = st.floats(0.002, 0.9) | st.sampled_from([0.05, 0.1, 1 / 256])
SHAPES = st.sampled_from([(1, 4, 5, 3), (1, 1, 1, 3), (1, 4, 1, 3), (3,), ()])


def network_of(
    relation: str,
    scales: tuple[float, float],
    zero_points: tuple[int, int],
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    generator: np.random.Generator,
) -> Network:
    """Where the input stands in `relation` to a constant, itself or else another constant."""
    network = Network((1, 4, 5, 3), scales[0], zero_points[0])
    other = network.constant("other", random_values(generator, shapes[0]), [scales[1]])
    network.tensors[other].quantization.zeroPoint = [zero_points[1]]
    where = network.logical("where", (1, 4, 5, 3))
    network.add(getattr(schema.BuiltinOperator, relation), 2, [0, other], where)
    instead = network.constant("instead", random_values(generator, shapes[1]), [scales[0]])
    network.tensors[instead].quantization.zeroPoint = [zero_points[0]]
    output = network.activation("output", (1, 4, 5, 3), scales[0], zero_points[0])
    options = schema.SelectV2OptionsT()
    inputs = [where, 0, instead]
    network.add(schema.BuiltinOperator.SELECT_V2, 1, inputs, output, "SelectV2Options", options)
    return network


@settings(max_examples=150)
@given(
    relation=st.sampled_from(RELATIONS),
    scales=st.tuples(SCALES, SCALES) | SCALES.map(lambda scale: (scale, scale)),
    zero_points=st.tuples(ZERO_POINTS, ZERO_POINTS),
    shapes=st.tuples(SHAPES, SHAPES),
    seed=SEEDS,
)
def test_a_choice_equals_the_reference(
    runner: KernelRunner,
    relation: str,
    scales: tuple[float, float],
    zero_points: tuple[int, int],
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    seed: int,
) -> None:
    generator = np.random.default_rng(seed)
    network = network_of(relation, scales, zero_points, shapes, generator)
    expect_reference_bytes(runner, network, generator)


def test_a_scale_of_one_is_refused() -> None:
    network = network_of("LESS", (0.1, 1.0), (0, 0), ((3,), (3,)), np.random.default_rng(0))
    with pytest.raises(UserError, match=r"operator 0 \(LESS\) compares tensor 1 \(other\) of scale 1"):
        plan_model(parse_model(network.flatbuffer()), ["less", "select"])


def test_a_choice_between_other_scales_is_refused() -> None:
    network = network_of("LESS", (0.1, 0.2), (0, 0), ((3,), (3,)), np.random.default_rng(0))
    network.tensors[3].quantization.scale = [0.3]
    with pytest.raises(
        UserError, match=r"operator 1 \(SELECT_V2\) has tensor 3 \(instead\) of another scale"
    ):
        plan_model(parse_model(network.flatbuffer()), ["less", "select"])
