"""The command's choice between kernel variants, and what it says about it."""

import time
from pathlib import Path

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from codegen.__main__ import main
from codegen.aot.plan import Limits, Plan, plan_model
from codegen.names import Identifiers, layer_names
from contract.flatbuffer import parse_model
from tests.many_networks import run_on_board, write_sources
from tests.networks import Network, classifier, random_weights, reference, some_inputs


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


# ---- limits ----


def mixed(generator: np.random.Generator) -> Network:
    """Convolutions, depthwise convolutions and a dense layer, each of which has several variants."""
    network = Network((1, 12, 10, 4), 0.05, -128)
    for channels in (16, 24):
        network.depthwise_conv_2d(
            random_weights(generator, (1, 3, 3, network.shape[3])),
            [0.004],
            None,
            0.05,
            -128,
            padding="SAME",
            activation="RELU",
        )
        weights = random_weights(generator, (channels, 1, 1, network.shape[3]))
        network.conv_2d(weights, [0.004], None, 0.05, -128, activation="RELU")
    network.conv_2d(random_weights(generator, (20, 3, 3, 24)), [0.002], None, 0.05, 3, stride=(3, 3))
    depth = int(np.prod(network.shape))
    network.reshape((1, depth))
    network.fully_connected(random_weights(generator, (30, depth)), [0.002], None, 0.05, 3)
    return network


def plan_within(network: Network, limits: Limits) -> Plan:
    model = parse_model(network.flatbuffer())
    return plan_model(model, [f"layer_{operator.index}" for operator in model.operators], "speed", limits)


PORTABLE = 10**7  # instructions of a portable kernel, which says none: more than of any other


def instructions(plan: Plan) -> int:
    """What the calls are expected to execute."""
    return sum(PORTABLE if call.instructions is None else call.instructions for call in plan.kernel_calls)


def test_a_limit_of_flash_is_kept_as_far_as_variants_go_and_costs_instructions() -> None:
    network = mixed(np.random.default_rng(1))
    free = plan_within(network, Limits())
    least = plan_within(network, Limits(flash=0))
    assert least.constant_bytes < 0.8 * free.constant_bytes
    assert instructions(least) > instructions(free)
    plans = [free]
    for limit in range(free.constant_bytes, least.constant_bytes - 1, -500):
        plans.append(plan_within(network, Limits(flash=limit)))
        assert plans[-1].constant_bytes <= limit
    spent = [instructions(plan) for plan in plans]
    assert spent == sorted(spent)
    assert len(set(spent)) > 4
    assert {"strips", "paired"} <= {call.variant for plan in plans for call in plan.calls}


def test_a_limit_of_ram_is_kept_as_far_as_variants_go() -> None:
    network = mixed(np.random.default_rng(1))
    free = plan_within(network, Limits())
    least = plan_within(network, Limits(ram=0))
    assert least.arena.bytes < 0.8 * free.arena.bytes
    assert instructions(least) > instructions(free)
    middle = plan_within(network, Limits(ram=(free.arena.bytes + least.arena.bytes) // 2))
    assert middle.arena.bytes <= (free.arena.bytes + least.arena.bytes) // 2
    assert instructions(free) < instructions(middle) <= instructions(least)


def test_memory_is_not_saved_at_the_price_of_flash_that_is_not_there() -> None:
    network = Network((1, 12, 12, 24), 0.05, -128)
    generator = np.random.default_rng(2)
    for _ in range(4):
        weights = random_weights(generator, (24, 3, 3, 24))
        network.conv_2d(weights, [0.002], None, 0.05, -128, padding="SAME", activation="RELU")
    flash = Limits(flash=24_000)
    within_flash = plan_within(network, flash)
    within_both = plan_within(network, Limits(flash=24_000, ram=within_flash.arena.bytes - 1000))
    assert within_flash.constant_bytes <= 24_000
    assert within_both.constant_bytes <= 24_000
    assert within_both.arena.bytes <= within_flash.arena.bytes - 1000


def test_constants_that_kernels_read_as_activations_count() -> None:
    generator = np.random.default_rng(3)
    network = Network((1, 8, 8, 8), 0.05, -128)
    weights = random_weights(generator, (32, 3, 3, 8))
    network.conv_2d(weights, [0.002], None, 0.05, 3, padding="SAME")
    term = network.constant("term", random_weights(generator, (1, 8, 8, 32)), [0.05])
    output = network.activation("sum", network.shape, 0.1, 3)
    inputs = [network.last, term]
    network.add(schema.BuiltinOperator.ADD, 2, inputs, output, "AddOptions", schema.AddOptionsT())
    free = plan_within(network, Limits())
    assert sum(tensor.bytes for tensor in free.constant_operands) == 2048
    least = plan_within(network, Limits(flash=0))
    limit = (free.constant_bytes + least.constant_bytes) // 2
    assert plan_within(network, Limits(flash=limit)).constant_bytes <= limit < free.constant_bytes


def test_a_limit_that_cannot_be_kept_is_noticed_in_time() -> None:
    network = Network((1, 6, 6, 8), 0.05, -128)
    weights = random_weights(np.random.default_rng(4), (8, 3, 3, 8))
    for _ in range(120):
        network.conv_2d(weights, [0.002], None, 0.05, -128, padding="SAME", activation="RELU")
    started = time.process_time()
    plan_within(network, Limits(flash=0, ram=0))
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "limits", [Limits(), Limits(flash=0), Limits(ram=0), Limits(0, 0), Limits(flash=16000)]
)
def test_limits_change_no_byte(limits: Limits, tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    network = mixed(generator)
    inputs = some_inputs(network, generator)
    flatbuffer = network.flatbuffer()
    sources = write_sources([flatbuffer], "speed", tmp_path, limits)
    (outcome,) = run_on_board(sources, "-O2", [inputs], tmp_path / "board")
    np.testing.assert_array_equal(outcome.outputs, reference(flatbuffer, inputs))


def test_the_command_takes_limits_and_says_what_they_cost(
    mnist: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(mnist, tmp_path, "--explain", "--flash-limit", "9800")
    assert "beyond the limit of flash" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        generate(mnist, tmp_path, "--ram-limit", "0")
    assert "invalid positive value: '0'" in capsys.readouterr().err


def test_the_portable_kernel_is_the_last_resort_within_a_limit_of_ram(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = Network((1, 4000), 0.05, 0)
    network.fully_connected(random_weights(np.random.default_rng(1), (4, 4000)), [0.01], None, 0.1, 0)
    (tmp_path / "wide.tflite").write_bytes(network.flatbuffer())
    model = parse_model(network.flatbuffer())
    layers = layer_names(model, None, Identifiers())
    unlimited = plan_model(model, layers, "speed")
    least = plan_model(model, layers, "speed", Limits(ram=4100))
    assert unlimited.arena.bytes > 8000
    assert least.arena.bytes <= 4100
    assert [call.variant for call in least.kernel_calls] == ["portable"]
    assert "beyond the limit of RAM" in least.kernel_calls[0].reason
    for limit, said in ((4100, False), (10, True)):
        capsys.readouterr()
        main(
            [
                *("--tflite", str(tmp_path / "wide.tflite"), "--ram-limit", str(limit)),
                *("--out", str(tmp_path)),
            ]
        )
        assert ("bytes of activations, 10 were allowed" in capsys.readouterr().out) == said
