"""What each runtime can run: a model it would get wrong is refused, by operator and tensor."""

import contextlib
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tflite_micro import runtime as tflm
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from contract.errors import UserError
from contract.flatbuffer import parse_model
from contract.graph import Model
from contract.operators import REGISTRY
from contract.runtimes import (
    AOT,
    REFERENCE_ALONE,
    RUNTIMES,
    TFLM_ARDUINO,
    TFLM_CHIRALE,
    Runtime,
    check,
    differences,
)
from contract.schema import BUILTIN_OPERATORS
from quantize.capture import captured_output
from tests.networks import (
    UNSUPPORTED,
    Network,
    classifier,
    make_unsupported,
    random_weights,
    reference,
    some_inputs,
)


def model(per_channel_dense: bool = False, change: Callable[[Network], None] | None = None) -> Model:
    network = classifier(np.random.default_rng(0), per_channel_dense)
    if change is not None:
        change(network)
    return parse_model(network.flatbuffer())


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
def test_per_tensor_dense_weights_run_everywhere(runtime: Runtime) -> None:
    check(model(), runtime)


@pytest.mark.parametrize("runtime", [TFLM_CHIRALE, TFLM_ARDUINO], ids=["chirale", "arduino"])
def test_per_channel_dense_weights_are_refused_for_the_arduino_libraries(runtime: Runtime) -> None:
    dense = 3
    weights = model(True).operators[dense].inputs[1]
    with pytest.raises(UserError) as refused:
        check(model(per_channel_dense=True), runtime)
    message = str(refused.value)
    assert f"operator {dense} (FULLY_CONNECTED)" in message
    assert f"tensor {weights} (weights)" in message
    assert "per-channel" in message
    assert "python -m quantize" in message
    assert runtime.title in message


def test_per_channel_dense_weights_are_refused_whatever_the_operator_s_version() -> None:
    def new_version(network: Network) -> None:
        network.model.operatorCodes[network.operators[3].opcodeIndex].version = 12

    with pytest.raises(UserError, match=r"operator 3 \(FULLY_CONNECTED\) has per-channel weights"):
        check(model(True, new_version), TFLM_CHIRALE)


def test_per_channel_dense_weights_run_on_the_aot_engine() -> None:
    check(model(per_channel_dense=True), AOT)


def test_per_channel_dense_weights_run_on_the_reference() -> None:
    network = classifier(np.random.default_rng(0), per_channel_dense=True)
    outputs = reference(network.flatbuffer(), some_inputs(network, np.random.default_rng(0)))
    assert len(np.unique(outputs, axis=0)) > 1


def test_per_channel_convolutions_run_everywhere() -> None:
    quantization = model().tensors[model().operators[0].inputs[1]].quantization
    assert quantization is not None
    assert quantization.per_channel
    for runtime in RUNTIMES.values():
        check(model(), runtime)


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
def test_an_operator_that_a_runtime_lacks_is_refused(runtime: Runtime) -> None:
    unsupported = model(change=lambda network: make_unsupported(network, 2))
    with pytest.raises(UserError, match=rf"operator 2 \({UNSUPPORTED}\) cannot run on .*, nor on TensorFlow"):
        check(unsupported, runtime)


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
def test_all_operators_that_a_runtime_lacks_are_named(runtime: Runtime) -> None:
    def change(network: Network) -> None:
        make_unsupported(network, 2)
        make_unsupported(network, 4)

    with pytest.raises(UserError) as refused:
        check(model(change=change), runtime)
    head, *lines = str(refused.value).splitlines()
    assert head == f"2 operators cannot run on {runtime.title}:"
    assert [line.split(" cannot")[0] for line in lines] == [
        f"  operator {index} ({UNSUPPORTED})" for index in (2, 4)
    ]


def test_the_operators_of_the_reference_alone_are_those_that_it_runs() -> None:
    """The reference looks for all operators before it prepares one, and stops at the first that it lacks: the
    one in question, or the one behind it."""
    runs = set()
    for name in set(BUILTIN_OPERATORS.values()) - set(REGISTRY) - {"CUSTOM"}:
        network = Network((1, 4))
        for code in (name, UNSUPPORTED):
            output = network.activation("output", (1, 4), 0.05, 0)
            network.add(getattr(schema.BuiltinOperator, code), 1, [0], output)
        with captured_output() as printed, contextlib.suppress(RuntimeError):
            tflm.Interpreter.from_bytes(network.flatbuffer(), arena_size=10000)
        missing = re.search(r"Didn't find op for builtin opcode '(\w+)'", printed.text)
        assert missing is not None, printed.text
        if missing[1] != name:
            runs.add(name)
    assert runs == REFERENCE_ALONE


def test_a_custom_operator_with_memory_of_its_own_is_refused_by_name() -> None:
    network = Network((1, 4))
    scratch = network.activation("scratch", (1, 64), 0.05, 0)
    network.add(schema.BuiltinOperator.CUSTOM, 1, [0, scratch], network.activation("output", (1, 4), 0.05, 0))
    network.model.operatorCodes[0].customCode = b"ethos-u"
    with pytest.raises(UserError, match=r"operator 0 \(CUSTOM:ethos-u\) cannot run on .* a custom operator"):
        check(parse_model(network.flatbuffer()), AOT)


# ---- the Arduino libraries ----


def with_mean(axes: list[int], rank: int = 4) -> Model:
    network = Network((1, 2, 2, 3)[-rank:] if rank < 5 else (1, 1, 2, 2, 3))
    options = schema.ReducerOptionsT()
    options.keepDims = True
    shape = [1 if axis in axes else size for axis, size in enumerate(network.shape)]
    output = network.activation("mean", shape, 0.05, 0)
    inputs = [0, network.constant("axes", np.array(axes, np.int32))]
    network.add(schema.BuiltinOperator.MEAN, 2, inputs, output, "ReducerOptions", options)
    return parse_model(network.flatbuffer())


def test_what_the_libraries_compute_otherwise_is_said() -> None:
    assert differences(with_mean([1, 2]), "tflm-chirale") == ["MEAN: it is scaled in float32"]
    assert differences(with_mean([1, 2]), "tflm") == ["MEAN: it is scaled in float32"]
    assert differences(with_mean([1, 2]), "aot") == []


def test_what_the_libraries_have_no_room_for_is_refused() -> None:
    for runtime in (TFLM_CHIRALE, TFLM_ARDUINO):
        check(with_mean([1, 2]), runtime)
        with pytest.raises(UserError, match=r"reduces 3 axes, which .* has no room for"):
            check(with_mean([1, 2, 3]), runtime)
        with pytest.raises(UserError, match=r"has 5 dimensions, .* takes 4"):
            check(with_mean([1], rank=5), runtime)
    check(with_mean([1, 2, 3]), AOT)
    check(with_mean([1], rank=5), AOT)


# ---- other precisions ----

PRECISIONS = {
    "nothing is quantised": ("FLOAT32", "FLOAT32"),
    "float16 weights": ("FLOAT32", "FLOAT16"),
    "a dynamic range": ("FLOAT32", "INT8"),
    "int16 activations": ("INT16", "INT8"),
    "TensorFlow 1": ("UINT8", "UINT8"),
}


@pytest.mark.parametrize("message", PRECISIONS)
def test_a_model_of_another_precision_is_told_what_makes_it_int8(message: str) -> None:
    activations, weights = PRECISIONS[message]

    def change(network: Network) -> None:
        for operator in network.operators:
            for index in (operator.inputs[0], *operator.outputs):
                network.tensors[index].type = getattr(schema.TensorType, activations)
            if len(operator.inputs) > 2:
                tensor = network.tensors[operator.inputs[1]]
                tensor.type = getattr(schema.TensorType, weights)
                size = {"FLOAT32": 4, "FLOAT16": 2}.get(weights, 1)
                data = np.zeros(size * math.prod(tensor.shape), np.uint8)
                network.model.buffers[tensor.buffer].data = data

    with pytest.raises(UserError, match=rf"^the model .*{message}.*TFLITE_BUILTINS_INT8.*python -m quantize"):
        check(model(change=change), AOT)


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
def test_an_operator_newer_than_a_runtime_is_refused(runtime: Runtime) -> None:
    def change(network: Network) -> None:
        network.model.operatorCodes[network.operators[1].opcodeIndex].version = 3

    with pytest.raises(UserError, match=r"operator 1 \(MAX_POOL_2D\) has version 3, .* up to version 2"):
        check(model(change=change), runtime)


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
def test_an_operator_without_its_inputs_is_refused(runtime: Runtime) -> None:
    for inputs in ([], [-1], [0], [0, -1]):

        def change(network: Network, inputs: list[int] = inputs) -> None:
            network.operators[0].inputs = inputs

        with pytest.raises(UserError, match=r"operator 0 \(CONV_2D\) lacks an input"):
            check(model(change=change), runtime)


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
def test_a_float_model_is_refused(runtime: Runtime) -> None:
    def change(network: Network) -> None:
        for tensor in (network.tensors[0], network.tensors[network.operators[0].outputs[0]]):
            tensor.type = schema.TensorType.FLOAT32
            tensor.quantization = None

    with pytest.raises(UserError, match=r"tensor 0 \(input\) of type FLOAT32.*python -m quantize"):
        check(model(change=change), runtime)


@pytest.mark.parametrize("runtime", RUNTIMES.values(), ids=RUNTIMES)
def test_float_weights_are_refused(runtime: Runtime) -> None:
    network = Network((1, 4))
    network.fully_connected(random_weights(np.random.default_rng(0), (2, 4)), [0.1], None, 0.1, 0)
    weights = network.tensors[network.operators[0].inputs[1]]
    weights.type, weights.quantization = schema.TensorType.FLOAT32, None
    network.model.buffers[weights.buffer].data = np.zeros(32, np.uint8)
    with pytest.raises(UserError, match=r"operator 0 .* has weights in tensor \d \(weights\) that are not"):
        check(parse_model(network.flatbuffer()), runtime)


def test_a_batch_of_two_is_refused_and_a_second_input_is_not() -> None:
    def batch(network: Network) -> None:
        network.tensors[0].shape = [2, 6, 6, 2]

    def second_input(network: Network) -> None:
        network.model.subgraphs[0].inputs = [0, network.operators[3].outputs[0]]
        network.operators.pop(3)

    with pytest.raises(UserError, match=r"tensor 0 \(input\) has the shape \[2, 6, 6, 2\]"):
        check(model(change=batch), AOT)
    check(model(change=second_input), AOT)


def test_the_committed_model_runs_everywhere(mnist: Path) -> None:
    for runtime in RUNTIMES.values():
        check(parse_model((mnist / "model.tflite").read_bytes()), runtime)
