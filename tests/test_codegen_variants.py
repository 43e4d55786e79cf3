"""The command's choice between kernel variants, and what it says about it."""

from pathlib import Path

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.__main__ import main
from codegen.aot.plan import plan_model
from contract.flatbuffer import parse_model
from tests.networks import Network, classifier, random_weights


def variants(network: Network, goal: str) -> dict[str, str]:
    """The variant of each layer."""
    model = parse_model(network.flatbuffer())
    layers = [f"layer_{operator.index}" for operator in model.operators]
    calls = plan_model(model, layers, goal).calls
    return {layers[operator.index]: call.variant for call in calls for operator in call.operators}


def generate(mnist: Path, folder: Path, *options: str) -> None:
    main(["--tflite", str(mnist / "model.tflite"), "--out", str(folder), *options])


def test_explain_names_every_layer_its_variant_and_the_reason(
    mnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(mnist, tmp_path, "--explain")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    variant_of = {line[0]: line[2] for line in lines if len(line) > 3 and line[1].isupper()}
    assert variant_of == {
        "conv_0": "packed",
        "pool_1": "packed",
        "conv_2": "packed",
        "pool_3": "packed",
        "reshape_4": "portable",
        "dense_5": "dual",
        "dense_6": "dual",
        "softmax_7": "table",
    }
    ranges = next(" ".join(line) for line in lines if line[:1] == ["conv_2"])
    assert "of the 2,097,152 that a field holds" in ranges


def test_without_explain_the_summary_stays_short(
    mnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(mnist, tmp_path)
    assert "packed" not in capsys.readouterr().out


def test_size_takes_less_memory_and_less_flash_than_speed_and_no_assembly(mnist: Path) -> None:
    model = parse_model((mnist / "model.tflite").read_bytes())
    layers = [f"layer_{operator.index}" for operator in model.operators]
    speed, size = (plan_model(model, layers, optimize) for optimize in ("speed", "size"))
    assert size.arena.bytes < speed.arena.bytes
    assert size.constant_bytes < speed.constant_bytes
    assert not any(call.assembly for call in size.kernel_calls)


def test_assembly_of_an_earlier_run_does_not_stay(mnist: Path, tmp_path: Path) -> None:
    generate(mnist, tmp_path)
    assert (tmp_path / "model_kernels.S").exists()
    generate(mnist, tmp_path, "--optimize", "portable")
    assert not (tmp_path / "model_kernels.S").exists()


def test_a_convolution_that_another_operator_reads_too_keeps_its_pooling_apart() -> None:
    network = classifier(np.random.default_rng(0))
    assert variants(network, "speed")["layer_1"] == "packed"
    network.last = network.operators[0].outputs[0]
    network.max_pool_2d()
    other = network.last
    output = network.activation("sum", network.shape, 0.02, -128)
    inputs = [network.operators[1].outputs[0], other]
    network.add(schema.BuiltinOperator.ADD, 2, inputs, output, "AddOptions", schema.AddOptionsT())
    assert variants(network, "speed")["layer_1"] == "portable"


def test_overlapping_windows_are_not_fused() -> None:
    generator = np.random.default_rng(0)
    network = Network((1, 8, 8, 1), scale=0.01, zero_point=-128)
    weights = random_weights(generator, (2, 3, 3, 1))
    network.conv_2d(weights, [0.01], None, 0.05, -128, activation="RELU")
    network.max_pool_2d(window=(3, 3), stride=(1, 1))
    assert variants(network, "speed") == {"layer_0": "chained", "layer_1": "portable"}


def test_portable_gives_every_operator_its_plain_kernel() -> None:
    assert set(variants(classifier(np.random.default_rng(0)), "portable").values()) == {"portable"}


def test_an_unknown_aim_is_refused(mnist: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        generate(mnist, tmp_path, "--optimize", "everything")
    assert stopped.value.code == 2
    assert not any(tmp_path.iterdir())
