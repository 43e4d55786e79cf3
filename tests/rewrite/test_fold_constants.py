"""What the converter writes for a shape is computed when the code is generated."""

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.aot.plan import plan_model
from contract.errors import UserError
from contract.flatbuffer import parse_model
from tests.kernel_runner import KernelRunner
from tests.networks import Network, random_weights
from tests.operators.drawing import expect_reference_bytes

CODES = schema.BuiltinOperator


def flatten_of_a_free_batch(network: Network) -> None:
    """SHAPE, STRIDED_SLICE, PACK and RESHAPE, as TensorFlow's converter writes Flatten."""
    data = network.last
    shape = network.integers("shape", (len(network.shape),))
    network.add(CODES.SHAPE, 1, [data], shape, "ShapeOptions", schema.ShapeOptionsT())
    cut = schema.StridedSliceOptionsT()
    cut.shrinkAxisMask = 1
    bounds = [
        network.constant(name, np.array([value], np.int32))
        for name, value in (("begin", 0), ("end", 1), ("step", 1))
    ]
    batch = network.integers("batch", ())
    network.add(CODES.STRIDED_SLICE, 1, [shape, *bounds], batch, "StridedSliceOptions", cut)
    pack = schema.PackOptionsT()
    pack.valuesCount = 2
    rest = network.constant("rest", np.array(-1, np.int32))
    network.add(CODES.PACK, 2, [batch, rest], network.integers("target", (2,)), "PackOptions", pack)
    target = network.last
    network.last = data
    elements = int(np.prod(network.shape))
    quantization = network.tensors[data].quantization
    output = network.activation("flat", (1, elements), quantization.scale[0], quantization.zeroPoint[0])
    network.add(CODES.RESHAPE, 1, [data, target], output, "ReshapeOptions", schema.ReshapeOptionsT())


def network_with_a_flatten() -> Network:
    generator = np.random.default_rng(0)
    network = Network((1, 4, 3, 2), 0.05, 3)
    network.conv_2d(random_weights(generator, (3, 2, 2, 2)), [0.01], None, 0.05, 4)
    flatten_of_a_free_batch(network)
    network.fully_connected(random_weights(generator, (4, 18)), [0.01], None, 0.1, 0)
    return network


def test_a_flatten_of_a_free_batch_costs_nothing(runner: KernelRunner) -> None:
    network = network_with_a_flatten()
    expect_reference_bytes(runner, network, np.random.default_rng(1))
    model = parse_model(network.flatbuffer())
    plan = plan_model(model, [f"layer_{operator.index}" for operator in model.operators])
    assert [change.operator.name for change in plan.changes] == ["SHAPE", "STRIDED_SLICE", "PACK"]
    assert [call.kernel for call in plan.kernel_calls] == ["conv_2d", "fully_connected"]


def test_constants_that_do_not_fit_are_refused() -> None:
    network = network_with_a_flatten()
    network.tensors[network.operators[3].outputs[0]].shape = [3]  # what PACK gives has two elements
    with pytest.raises(UserError, match=r"operator 3 \(PACK\) gives int32 of shape \[2\]"):
        plan_model(parse_model(network.flatbuffer()), [f"layer_{index}" for index in range(6)])


def test_a_shape_that_is_an_output_is_refused() -> None:
    network = Network((1,), 0.05, 3)
    network.add(CODES.SHAPE, 1, [0], network.integers("shape", (1,)), "ShapeOptions", schema.ShapeOptionsT())
    with pytest.raises(UserError, match=r"operator 0 \(SHAPE\) runs where its output is known when"):
        plan_model(parse_model(network.flatbuffer()), ["shape"])
