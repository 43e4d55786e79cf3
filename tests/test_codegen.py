"""python -m codegen: what it writes, what it prints, and how it refuses."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.__main__ import main
from contract.errors import UserError
from contract.files import sha256
from contract.flatbuffer import read_model
from tests.networks import (
    ACTIVATIONS,
    UNSUPPORTED,
    Network,
    classifier,
    make_unsupported,
    random_weights,
)


def run(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "codegen", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def test_the_aot_engine_gets_its_sources_and_a_summary(root: Path, mnist: Path, tmp_path: Path) -> None:
    result = run(
        *("--tflite", mnist / "model.tflite", "--manifest", mnist / "manifest.json", "--out", tmp_path),
        *("--optimize", "portable"),
        folder=root,
    )
    assert result.returncode == 0, result.stderr
    assert {"model.h", "model.c", "model_info.c"} <= {path.name for path in tmp_path.iterdir()}
    assert "CONV_2D x 2, MAX_POOL_2D x 2" in result.stdout
    assert re.search(r"arena      [\d,]+ bytes, peak at conv_1 \(bound [\d,]+\)\n", result.stdout)


def test_layers_are_called_as_in_the_manifest(mnist: Path, tmp_path: Path) -> None:
    main(
        [
            "--tflite",
            str(mnist / "model.tflite"),
            "--manifest",
            str(mnist / "manifest.json"),
            "--out",
            str(tmp_path),
        ]
    )
    source = (tmp_path / "model.c").read_text()
    for layer in json.loads((mnist / "manifest.json").read_text())["layers"]:
        assert layer in source


def test_layers_are_called_by_their_operator_without_a_manifest(mnist: Path, tmp_path: Path) -> None:
    main(["--tflite", str(mnist / "model.tflite"), "--optimize", "portable", "--out", str(tmp_path)])
    source = (tmp_path / "model.c").read_text()
    assert "thimble_conv_2d(&conv_0_parameters, input, conv_0_output);" in source
    assert "thimble_max_pool_2d(&pool_1_parameters, conv_0_output, pool_1_output);" in source


def test_model_info_states_hash_shapes_and_scales(mnist: Path, tmp_path: Path) -> None:
    main(["--tflite", str(mnist / "model.tflite"), "--out", str(tmp_path)])
    source = (tmp_path / "model_info.c").read_text()
    model = read_model(mnist / "model.tflite")
    digits = "".join(word[2:4] for word in source.split() if word.startswith("0x"))
    assert digits == model.sha256
    assert ".shape = {1, 28, 28, 1}," in source
    assert ".scale = 0.00390625f," in source


def test_the_model_data_is_the_flatbuffer(mnist: Path, tmp_path: Path) -> None:
    arguments = ["--tflite", str(mnist / "model.tflite"), "--manifest", str(mnist / "manifest.json")]
    main([*arguments, "--engine", "tflm", "--out", str(tmp_path)])
    whole = (mnist / "model.tflite").read_bytes()
    source = (tmp_path / "model_data.cc").read_text()
    assert bytes(int(word[2:4], 16) for word in source.split() if word.startswith("0x")) == whole
    assert "alignas(16) const" in source
    header = (tmp_path / "model_data.h").read_text()
    assert sha256(whole) in header
    assert f"model_data_bytes = {len(whole)};" in header
    assert "int8 [1, 28, 28, 1], scale" in header


def test_the_manifest_of_another_flatbuffer_is_refused_with_both_hashes(mnist: Path, tmp_path: Path) -> None:
    other = classifier(np.random.default_rng(0)).flatbuffer()
    (tmp_path / "other.tflite").write_bytes(other)
    arguments = ["--tflite", str(tmp_path / "other.tflite"), "--manifest", str(mnist / "manifest.json")]
    with pytest.raises(UserError) as refused:
        main([*arguments, "--out", str(tmp_path / "out")])
    assert sha256(other) in str(refused.value)
    assert sha256((mnist / "model.tflite").read_bytes()) in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_manifest_that_names_too_few_layers_is_refused(mnist: Path, tmp_path: Path) -> None:
    document = json.loads((mnist / "manifest.json").read_text())
    document["layers"] = document["layers"][:-1]
    (tmp_path / "manifest.json").write_text(json.dumps(document))
    arguments = ["--tflite", str(mnist / "model.tflite"), "--manifest", str(tmp_path / "manifest.json")]
    with pytest.raises(UserError, match="names 7 layers, the flatbuffer has 8 operators"):
        main([*arguments, "--out", str(tmp_path / "out")])


def test_a_refusal_is_one_line_on_stderr_and_exit_code_2(root: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.tflite").write_bytes(classifier(np.random.default_rng(0)).flatbuffer()[:-100])
    result = run("--tflite", tmp_path / "cut.tflite", "--out", tmp_path / "out", folder=root)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_an_error(mnist: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match=r"cannot write .*give another --out"):
        main(["--tflite", str(mnist / "model.tflite"), "--out", str(tmp_path / "file" / "out")])


# ---- models that cannot become C ----
# The classifier's operators: 0 CONV_2D, 1 MAX_POOL_2D, 2 RESHAPE, 3 FULLY_CONNECTED, 4 SOFTMAX.

CONV, POOL, RESHAPE, DENSE, SOFTMAX = range(5)


def output_of(network: Network, operator: int) -> Any:
    return network.tensors[network.operators[operator].outputs[0]]


def input_of(network: Network, operator: int, place: int) -> Any:
    return network.tensors[network.operators[operator].inputs[place]]


def make_float(network: Network) -> None:
    for tensor in network.tensors:
        tensor.quantization = None
        if tensor.type == schema.TensorType.INT8 and len(network.model.buffers[tensor.buffer].data) == 0:
            tensor.type = schema.TensorType.FLOAT32


def make_pool_unsupported(network: Network) -> None:
    make_unsupported(network, POOL)


def make_tanh(network: Network) -> None:
    network.operators[CONV].builtinOptions.fusedActivationFunction = ACTIVATIONS["TANH"]


def make_grouped(network: Network) -> None:
    weights = input_of(network, CONV, 1)
    weights.shape = [3, 3, 6, 1]
    weights.quantization.scale = [0.01]
    weights.quantization.zeroPoint = [0]


def make_asymmetric_weights(network: Network) -> None:
    input_of(network, CONV, 1).quantization.zeroPoint = [0, 1, 0]


def make_per_channel_along_the_wrong_dimension(network: Network) -> None:
    input_of(network, CONV, 1).quantization.quantizedDimension = 1


def make_wrong_conv_output(network: Network) -> None:
    output_of(network, CONV).shape = [1, 5, 6, 3]


def make_wrong_padding(network: Network) -> None:
    network.operators[CONV].builtinOptions.padding = 1


def make_short_bias(network: Network) -> None:
    bias = input_of(network, CONV, 2)
    bias.shape = [2]
    bias.quantization = None
    network.model.buffers[bias.buffer].data = network.model.buffers[bias.buffer].data[:8]


def make_wrong_bias_scale(network: Network) -> None:
    input_of(network, DENSE, 2).quantization.scale = [0.5]


def make_huge_bias(network: Network) -> None:
    data = np.array([2**31 - 1] * 3, "<i4").tobytes()
    network.model.buffers[input_of(network, CONV, 2).buffer].data = np.frombuffer(data, np.uint8)


def make_huge_factor(network: Network) -> None:
    output_of(network, CONV).quantization.scale = [1e-30]


def make_zero_point_of_300(network: Network) -> None:
    output_of(network, CONV).quantization.zeroPoint = [300]


def make_pool_requantise(network: Network) -> None:
    output_of(network, POOL).quantization.scale = [0.5]


def make_window_larger_than_input(network: Network) -> None:
    network.operators[POOL].builtinOptions.filterHeight = 9


def make_reshape_lose_elements(network: Network) -> None:
    output_of(network, RESHAPE).shape = [1, 26]


def make_dense_too_deep(network: Network) -> None:
    input_of(network, DENSE, 1).shape = [3, 36]


def make_shuffled_weights(network: Network) -> None:
    network.operators[DENSE].builtinOptions.weightsFormat = 1


def make_dense_output_wrong(network: Network) -> None:
    output_of(network, DENSE).shape = [1, 5]


def make_activation_per_channel(network: Network) -> None:
    quantization = output_of(network, DENSE).quantization
    quantization.scale, quantization.zeroPoint, quantization.quantizedDimension = [0.1] * 4, [0] * 4, 1


def make_weights_an_activation(network: Network) -> None:
    network.operators[DENSE].inputs[1] = network.operators[CONV].outputs[0]


def make_input_missing(network: Network) -> None:
    network.operators[CONV].inputs = [-1, *network.operators[CONV].inputs[1:]]


def make_weights_missing(network: Network) -> None:
    network.operators[DENSE].inputs = network.operators[DENSE].inputs[:1]


def make_softmax_scale_wrong(network: Network) -> None:
    output_of(network, SOFTMAX).quantization.scale = [1 / 128]


def make_softmax_input_scale_tiny(network: Network) -> None:
    network.operators[SOFTMAX].builtinOptions.beta = 1e-9


def make_new_version(network: Network) -> None:
    network.model.operatorCodes[network.operators[CONV].opcodeIndex].version = 99


def make_input_constant(network: Network) -> None:
    buffer = schema.BufferT()
    buffer.data = np.zeros(72, np.uint8)
    network.model.buffers.append(buffer)
    network.tensors[0].buffer = len(network.model.buffers) - 1


def make_output_constant(network: Network) -> None:
    constant = network.constant("bias", np.zeros((1, 4), np.int8), [0.1])
    network.model.subgraphs[0].outputs = [constant]


def make_batch_of_two(network: Network) -> None:
    network.tensors[0].shape = [2, 6, 6, 1]


REFUSED: list[tuple[Callable[[Network], None], str]] = [
    (make_float, r"the model has a dynamic range.*python -m quantize"),
    (make_pool_unsupported, rf"operator 1 \({UNSUPPORTED}\) cannot run .* put the layer together"),
    (make_tanh, r"operator 0 \(CONV_2D\) has the fused activation TANH"),
    (make_grouped, r"operator 0 \(CONV_2D\) has 3 filters of 1 channels .* are no groups"),
    (make_asymmetric_weights, r"operator 0 \(CONV_2D\) has weights with a zero point"),
    (make_per_channel_along_the_wrong_dimension, r"operator 0 .* quantised along dimension 1"),
    (make_wrong_conv_output, r"operator 0 .*\(conv\) of shape \[1, 5, 6, 3\] .* give \[1, 6, 6, 3\]"),
    (make_wrong_padding, r"operator 0 .*\(conv\) of shape \[1, 6, 6, 3\] .* give \[1, 4, 4, 3\]"),
    (make_short_bias, r"operator 0 .* bias of type INT32 and shape \[2\] .* instead of 3"),
    (
        make_wrong_bias_scale,
        r"operator 3 \(FULLY_CONNECTED\) has a bias in tensor .* scale is not input scale",
    ),
    (make_huge_bias, r"operator 0 \(CONV_2D\) can overflow its 32-bit accumulators"),
    (make_huge_factor, r"operator 0 \(CONV_2D\) has scales that multiply its sums by"),
    (make_zero_point_of_300, r"\(conv\) has the zero point 300"),
    (make_pool_requantise, r"operator 1 \(MAX_POOL_2D\) copies values .* quantised differently"),
    (make_window_larger_than_input, r"operator 1 .* of shape \[1, 3, 3, 3\] .* give \[1, -?\d+, 3, 3\]"),
    (make_reshape_lose_elements, r"operator 2 \(RESHAPE\) turns .* \[1, 3, 3, 3\] into .* \[1, 26\]"),
    (make_dense_too_deep, r"operator 3 .* weights of shape \[3, 36\] .* input of shape \[1, 27\]"),
    (make_shuffled_weights, r"operator 3 \(FULLY_CONNECTED\) has shuffled weights"),
    (make_dense_output_wrong, r"operator 3 .*\(dense\) of shape \[1, 5\] .* give \[1, 4\]"),
    (make_activation_per_channel, r"operator 3 .*\(dense\) of type INT8, not on per-tensor quantised INT8"),
    (make_weights_an_activation, r"operator 3 .* has weights in tensor .*\(conv\) that are not constant"),
    (make_input_missing, r"operator 0 \(CONV_2D\) lacks an input"),
    (make_weights_missing, r"operator 3 \(FULLY_CONNECTED\) lacks an input"),
    (make_softmax_scale_wrong, r"operator 4 \(SOFTMAX\) has .* of scale 0.0078125 .* instead of 1/256"),
    (make_softmax_input_scale_tiny, r"operator 4 \(SOFTMAX\) has an input scale of .* too small"),
    (make_new_version, r"operator 0 \(CONV_2D\) has version 99, .* up to version"),
    (make_input_constant, r"tensor 0 \(input\), is a constant"),
    (make_output_constant, r"tensor \d+ \(bias\), is a constant"),
    (make_batch_of_two, r"tensor 0 \(input\) has the shape \[2, 6, 6, 1\]; convert with a batch of 1"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[change.__name__ for change, _ in REFUSED])
def test_a_model_that_cannot_run_is_refused_and_nothing_is_written(
    change: Callable[[Network], None], message: str, tmp_path: Path
) -> None:
    network = classifier(np.random.default_rng(0))
    change(network)
    (tmp_path / "model.tflite").write_bytes(network.flatbuffer())
    with pytest.raises(UserError, match=message) as refused:
        main(["--tflite", str(tmp_path / "model.tflite"), "--out", str(tmp_path / "out")])
    assert all(line.strip() for line in str(refused.value).splitlines())
    assert not (tmp_path / "out").exists()


def test_the_classifier_itself_is_not_refused(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(classifier(np.random.default_rng(0)).flatbuffer())
    assert main(["--tflite", str(tmp_path / "model.tflite"), "--out", str(tmp_path / "out")]) == 0


def test_relu6_in_a_scale_that_cannot_hold_it_is_refused(tmp_path: Path) -> None:
    network = Network((1, 4), scale=1e-6)
    network.fully_connected(
        random_weights(np.random.default_rng(0), (2, 4)), [1e-6], None, 1e-10, 0, activation="RELU6"
    )
    (tmp_path / "model.tflite").write_bytes(network.flatbuffer())
    with pytest.raises(
        UserError, match=r"operator 0 \(FULLY_CONNECTED\) clamps .* to 6, which is out of range"
    ):
        main(["--tflite", str(tmp_path / "model.tflite"), "--out", str(tmp_path / "out")])


def test_a_softmax_over_more_classes_than_its_sum_holds_is_refused(tmp_path: Path) -> None:
    network = Network((1, 4096))
    network.softmax()
    (tmp_path / "model.tflite").write_bytes(network.flatbuffer())
    with pytest.raises(UserError, match=r"operator 0 \(SOFTMAX\) has 4096 classes"):
        main(["--tflite", str(tmp_path / "model.tflite"), "--out", str(tmp_path / "out")])


def test_more_dimensions_than_the_protocol_carries_are_refused(tmp_path: Path) -> None:
    network = Network((1, 1, 1, 1, 1, 2, 3))
    network.reshape((1, 6))
    (tmp_path / "model.tflite").write_bytes(network.flatbuffer())
    with pytest.raises(UserError, match=r"tensor 0 \(input\) has 7 dimensions, the protocol carries 6"):
        main(["--tflite", str(tmp_path / "model.tflite"), "--out", str(tmp_path / "out")])


def test_names_from_the_flatbuffer_cannot_leave_their_comment(tmp_path: Path) -> None:
    network = classifier(np.random.default_rng(0))
    for tensor in network.tensors:
        tensor.name = '*/ #error "\n #error'
    path = tmp_path / 'mo*/"\\\n.tflite'.replace("/", "")
    path.write_bytes(network.flatbuffer())
    main(["--tflite", str(path), "--out", str(tmp_path / "out")])
    for file in (tmp_path / "out").iterdir():
        assert not [line for line in file.read_text().splitlines() if line.lstrip().startswith("#error")]
