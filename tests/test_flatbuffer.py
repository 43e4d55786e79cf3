"""The flatbuffer reader: what it reads is what was written, and damage is an error that names it."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from contract.convolution import ConvolutionOptions
from contract.errors import UserError
from contract.files import sha256
from contract.flatbuffer import parse_model, read_model
from contract.graph import Model
from contract.operators.fully_connected import FullyConnectedOptions
from contract.operators.softmax import SoftmaxOptions
from contract.pooling import PoolOptions
from contract.tables import FlatbufferError
from tests.networks import Network, classifier, random_weights


def whole() -> bytes:
    return classifier(np.random.default_rng(0)).flatbuffer()


def test_a_model_reads_as_it_was_written() -> None:
    network = classifier(np.random.default_rng(0))
    data = network.flatbuffer()
    model = parse_model(data)
    assert model.data == data
    assert model.sha256 == sha256(data)
    names = ["CONV_2D", "MAX_POOL_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
    assert [operator.name for operator in model.operators] == names
    assert [operator.version for operator in model.operators] == [3, 2, 1, 4, 2]
    assert model.input.shape == (1, 6, 6, 2)
    assert model.output.shape == (1, 4)
    for tensor, written in zip(model.tensors, network.tensors, strict=True):
        assert tensor.name == written.name
        assert tensor.shape == tuple(written.shape)
        data_written = bytes(network.model.buffers[written.buffer].data)
        assert (tensor.data or b"") == data_written
        if written.quantization.scale:
            assert tensor.quantization is not None
            assert tensor.quantization.scales == tuple(written.quantization.scale)
            assert tensor.quantization.zero_points == tuple(written.quantization.zeroPoint)
        else:
            assert tensor.quantization is None


def test_options_keep_height_before_width() -> None:
    network = Network((1, 9, 8, 2))
    weights = random_weights(np.random.default_rng(0), (4, 3, 2, 2))
    network.conv_2d(
        weights, [0.1], None, 0.1, 0, padding="SAME", stride=(1, 2), dilation=(3, 1), activation="RELU6"
    )
    network.max_pool_2d((3, 2), (1, 2), "VALID", "RELU")
    network.reshape((1, math.prod(network.shape)))
    weights = random_weights(np.random.default_rng(0), (3, network.shape[1]))
    network.fully_connected(weights, [0.1], None, 0.1, 0, activation="RELU", keep_num_dims=True)
    network.softmax(0.5)
    options = [operator.options for operator in parse_model(network.flatbuffer()).operators]
    assert options == [
        ConvolutionOptions(padding="SAME", stride=(1, 2), dilation=(3, 1), activation="RELU6"),
        PoolOptions(padding="VALID", stride=(1, 2), window=(3, 2), activation="RELU"),
        None,
        FullyConnectedOptions(activation="RELU", weights_format=0, keep_num_dims=True),
        SoftmaxOptions(0.5),
    ]


def test_a_constant_s_values_have_its_shape_and_type() -> None:
    network = Network((1, 4))
    weights = random_weights(np.random.default_rng(0), (3, 4))
    bias = np.array([1, -(2**31), 2**31 - 1], np.int32)
    network.fully_connected(weights, [0.1], bias, 0.1, 0)
    model = parse_model(network.flatbuffer())
    np.testing.assert_array_equal(model.tensors[model.operators[0].inputs[1]].values, weights)
    np.testing.assert_array_equal(model.tensors[model.operators[0].inputs[2]].values, bias)
    with pytest.raises(ValueError, match="is not a constant"):
        _ = model.input.values


def test_custom_and_unknown_operators_are_named() -> None:
    network = classifier(np.random.default_rng(0))
    custom, unknown = network.model.operatorCodes[1:3]
    custom.builtinCode = custom.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    custom.customCode = "MyOperator"
    unknown.builtinCode, unknown.deprecatedBuiltinCode = 9999, 127
    names = [operator.name for operator in parse_model(network.flatbuffer()).operators]
    assert names[1:3] == ["CUSTOM:MyOperator", "UNKNOWN:9999"]


def test_an_old_file_has_its_operator_codes_in_the_one_byte_field() -> None:
    network = classifier(np.random.default_rng(0))
    for code in network.model.operatorCodes:
        code.builtinCode = 0
    assert parse_model(network.flatbuffer()).operators[3].name == "FULLY_CONNECTED"


def test_a_file_may_have_several_subgraphs() -> None:
    network = classifier(np.random.default_rng(0))
    network.model.subgraphs.append(network.model.subgraphs[0])
    model = parse_model(network.flatbuffer())
    assert len(model.subgraphs) == 2
    assert [one.name for one in model.subgraphs[1].operators] == [one.name for one in model.operators]


def test_a_tensor_that_nobody_uses_may_be_empty() -> None:
    """As the converter leaves those of an LSTM without peepholes."""
    network = classifier(np.random.default_rng(0))
    network.activation("unused", (0,), 0.1, 0)
    assert parse_model(network.flatbuffer()).tensors[-1].elements == 0


# ---- damage ----


def no_operators(network: Network) -> None:
    network.operators.clear()


def shape_below_zero(network: Network) -> None:
    network.tensors[0].shape = [1, -1, 6, 2]


def short_buffer(network: Network) -> None:
    buffer = network.model.buffers[-1]
    buffer.data = buffer.data[:-1]


def unknown_buffer(network: Network) -> None:
    network.tensors[0].buffer = 99


def unknown_tensor(network: Network) -> None:
    network.operators[1].inputs = [99]


def unknown_code(network: Network) -> None:
    network.operators[1].opcodeIndex = 99


def read_before_written(network: Network) -> None:
    network.operators.reverse()


def written_twice(network: Network) -> None:
    network.operators[1].outputs = network.operators[0].outputs


def output_never_written(network: Network) -> None:
    network.operators.pop()


def negative_scale(network: Network) -> None:
    network.tensors[0].quantization.scale = [-1.0]


def infinite_scale(network: Network) -> None:
    network.tensors[0].quantization.scale = [math.inf]


def missing_zero_points(network: Network) -> None:
    network.tensors[0].quantization.zeroPoint = []


def scales_along_no_dimension(network: Network) -> None:
    weights = network.tensors[network.operators[0].inputs[1]]
    weights.quantization.quantizedDimension = 7


def stride_of_zero(network: Network) -> None:
    network.operators[0].builtinOptions.strideH = 0


def unknown_padding(network: Network) -> None:
    network.operators[1].builtinOptions.padding = 9


def no_options(network: Network) -> None:
    network.operators[0].builtinOptions = None
    network.operators[0].builtinOptionsType = 0


def wrong_version(network: Network) -> None:
    network.model.version = 2


def negative_beta(network: Network) -> None:
    network.operators[4].builtinOptions.beta = -1.0


def unknown_type(network: Network) -> None:
    network.tensors[0].type = 77


DAMAGED: list[tuple[Callable[[Network], None], str]] = [
    (no_operators, "no operator"),
    (shape_below_zero, r"tensor 0 \(input\) has the shape \[1, -1, 6, 2\]"),
    (short_buffer, r"tensor \d+ \(bias\) has 15 bytes of data, its shape \[4\] needs 16"),
    (unknown_buffer, r"tensor 0 \(input\) names buffer 99 of"),
    (unknown_tensor, r"operator 1 \(MAX_POOL_2D\) names tensor 99 of"),
    (unknown_code, "operator 1 names operator code 99 of 5"),
    (read_before_written, r"operator 0 \(SOFTMAX\) reads tensor \d+ \(dense\) before it is written"),
    (written_twice, r"operator 1 \(MAX_POOL_2D\) writes tensor \d+ \(conv\), which has a value already"),
    (output_never_written, r"nothing writes the graph's output, tensor \d+ \(softmax\)"),
    (negative_scale, r"tensor 0 \(input\) has a scale that is not a positive number"),
    (infinite_scale, r"tensor 0 \(input\) has a scale that is not a positive number"),
    (missing_zero_points, r"tensor 0 \(input\) has 1 scales and 0 zero points"),
    (scales_along_no_dimension, r"\(weights\) of shape \[3, 3, 3, 2\] has 3 scales along 7"),
    (stride_of_zero, r"operator 0 \(CONV_2D\) has the stride 0x1"),
    (unknown_padding, r"operator 1 \(MAX_POOL_2D\) has the unknown padding 9"),
    (no_options, r"operator 0 \(CONV_2D\) lacks its options"),
    (wrong_version, "schema version 2 instead of 3"),
    (negative_beta, r"operator 4 \(SOFTMAX\) has the beta -1"),
    (unknown_type, r"tensor 0 \(input\) has the unknown type 77"),
]


@pytest.mark.parametrize(("change", "message"), DAMAGED, ids=[change.__name__ for change, _ in DAMAGED])
def test_damage_is_named(change: Callable[[Network], None], message: str) -> None:
    network = classifier(np.random.default_rng(0))
    change(network)
    with pytest.raises(FlatbufferError, match=message):
        parse_model(network.flatbuffer())


def test_a_missing_file_and_one_that_is_no_flatbuffer_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*name a \.tflite file"):
        read_model(tmp_path / "missing.tflite")
    (tmp_path / "other.tflite").write_bytes(b"PK\3\4 a zip file, for instance")
    with pytest.raises(FlatbufferError, match=r"other\.tflite is damaged or not a TFLite model.*identifier"):
        read_model(tmp_path / "other.tflite")


def test_a_file_cut_short_anywhere_is_an_error() -> None:
    """The last bytes of a file may be padding, which nothing needs."""
    data = whole()
    for length in range(0, len(data) - 16, 7):
        with pytest.raises(FlatbufferError):
            parse_model(data[:length])


def indices_stay_inside(model: Model) -> None:
    """What a caller may rely on without a check of its own."""
    count = len(model.tensors)
    for operator in model.operators:
        assert all(-1 <= index < count for index in operator.inputs)
        assert all(0 <= index < count for index in operator.outputs)
    for tensor in model.tensors:
        assert all(size >= 1 for size in tensor.shape)
        if tensor.data is not None:
            assert tensor.values.shape == tensor.shape


@settings(max_examples=200)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 10**6), st.sampled_from([0, 1, 4, 127, 128, 255])), min_size=1, max_size=3
    )
)
def test_changed_bytes_are_an_error_or_a_consistent_model(changes: list[tuple[int, int]]) -> None:
    data: Any = bytearray(whole())
    for place, value in changes:
        data[place % len(data)] = value
    try:
        model = parse_model(bytes(data))
    except FlatbufferError:
        return
    indices_stay_inside(model)


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_random_bytes_behind_the_identifier_are_an_error(tail: bytes) -> None:
    with pytest.raises(FlatbufferError):
        parse_model(tail[:4].ljust(4, b"\0") + b"TFL3" + tail[4:])
