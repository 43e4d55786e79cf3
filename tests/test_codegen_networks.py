"""Generated C, compiled and run: the bytes of TensorFlow Lite Micro, within the arena, without a warning."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from codegen.aot.emit.model_c import claim_names, model_source
from codegen.aot.emit.model_h import model_header
from codegen.aot.goals import GOALS
from codegen.aot.plan import plan_model
from codegen.generate import generate
from codegen.names import Identifiers, layer_names
from contract.c_interface import FIRMWARE as SYMBOLS
from contract.flatbuffer import parse_model
from contract.reference import read_reference
from tests.c_build import ENGINE, INCLUDES, build_model, compile_c, infer
from tests.networks import Network, random_weights, reference, some_inputs

ARM = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=softfp", "-funsigned-char")


def random_network(seed: int) -> Network:
    """Convolutions and poolings of random shapes, then dense layers and perhaps a softmax.

    With a fixed range of scales: each layer's outputs use most of int8.
    """
    generator = np.random.default_rng(seed)

    def pick(*values: object) -> object:
        return values[generator.integers(len(values))]

    def weights(*shape: int) -> tuple[NDArray[np.int8], list[float], NDArray[np.int32] | None]:
        scales = list(generator.uniform(0.001, 0.01, shape[0] if pick(True, False) else 1))
        bias = generator.integers(-3000, 3000, shape[0]).astype(np.int32)
        return random_weights(generator, shape), scales, bias if pick(True, True, False) else None

    def dimension(low: int, high: int) -> int:
        return int(generator.integers(low, high + 1))

    network = Network((1, dimension(6, 15), dimension(6, 15), dimension(1, 5)), 0.02, dimension(-128, 127))
    for _ in range(dimension(1, 3)):
        window = dimension(1, min(5, *network.shape[1:3])), dimension(1, min(5, *network.shape[1:3]))
        network.conv_2d(
            *weights(dimension(1, 8), *window, network.shape[3]),
            scale=0.02,
            zero_point=dimension(-128, 127),
            padding=str(pick("SAME", "VALID")),
            stride=(dimension(1, 2), dimension(1, 2)),
            activation=str(pick("NONE", "RELU", "RELU6")),
        )
        if pick(True, False):
            window = dimension(1, min(3, network.shape[1])), dimension(1, min(3, network.shape[2]))
            network.max_pool_2d(window, (dimension(1, 3), dimension(1, 3)), str(pick("SAME", "VALID")))
    network.reshape((1, int(np.prod(network.shape))))
    for _ in range(dimension(0, 2)):
        network.fully_connected(
            *weights(dimension(1, 20), network.shape[1]), scale=0.05, zero_point=dimension(-128, 127)
        )
    if pick(True, False):
        network.softmax()
    return network


def generated(network: Network, folder: Path, optimize: str = "portable") -> Path:
    """The folder with the C sources of a network."""
    (folder / "model.tflite").write_bytes(network.flatbuffer())
    generate(folder / "model.tflite", None, "aot", "chirale", folder / "generated", optimize)
    return folder / "generated"


@pytest.mark.parametrize(("seed", "optimize"), [(seed, list(GOALS)[seed % len(GOALS)]) for seed in range(10)])
def test_a_random_network_equals_the_reference(seed: int, optimize: str, tmp_path: Path) -> None:
    network = random_network(seed)
    program = build_model(generated(network, tmp_path, optimize))
    inputs = some_inputs(network, np.random.default_rng(seed), count=8)
    outputs = infer(program, inputs, int(np.prod(network.shape)))
    np.testing.assert_array_equal(outputs, reference(network.flatbuffer(), inputs))


def test_a_network_without_any_kernel_hands_its_input_through(tmp_path: Path) -> None:
    network = Network((1, 4, 2))
    network.reshape((1, 8))
    inputs = some_inputs(network, np.random.default_rng(0))
    np.testing.assert_array_equal(infer(build_model(generated(network, tmp_path)), inputs, 8), inputs)


def test_all_images_of_the_model_are_bit_exact(mnist: Path, tmp_path: Path) -> None:
    generate(mnist / "model.tflite", mnist / "manifest.json", "aot", "chirale", tmp_path)
    program = build_model(tmp_path, ("-O2",))
    known = read_reference(mnist / "reference.npz")
    outputs = infer(program, known.inputs, known.outputs[0].size)
    np.testing.assert_array_equal(outputs, known.outputs.reshape(outputs.shape))


@pytest.mark.parametrize("optimize", GOALS)
def test_some_images_of_the_model_are_bit_exact_under_sanitizers(
    mnist: Path, tmp_path: Path, optimize: str
) -> None:
    generate(mnist / "model.tflite", mnist / "manifest.json", "aot", "chirale", tmp_path, optimize)
    known = read_reference(mnist / "reference.npz")
    outputs = infer(build_model(tmp_path), known.inputs[:300], known.outputs[0].size)
    np.testing.assert_array_equal(outputs, known.outputs[:300].reshape(outputs.shape))


@pytest.mark.parametrize("optimize", ["-Os", "-O2", "-O3"])
def test_the_generated_code_compiles_for_the_cortex_m4_without_a_warning(
    mnist: Path, tmp_path: Path, optimize: str
) -> None:
    generate(mnist / "model.tflite", mnist / "manifest.json", "aot", "chirale", tmp_path)
    for source in (tmp_path / "model.c", tmp_path / "model_info.c", ENGINE / "engine.c"):
        flags = (*ARM, "-std=gnu11", optimize, f"-I{tmp_path}", "-c")
        compile_c([source], tmp_path / "object.o", flags, "arm-none-eabi-gcc")


KERNEL_HEADERS = sorted(str(path.relative_to(ENGINE)) for path in ENGINE.rglob("*.h"))


def test_the_headers_compile_as_the_arduino_core_s_cpp(mnist: Path, tmp_path: Path) -> None:
    generate(mnist / "model.tflite", mnist / "manifest.json", "aot", "chirale", tmp_path)
    source = tmp_path / "all.cpp"
    source.write_text("".join(f'#include "{header}"\n' for header in ["model.h", *KERNEL_HEADERS]))
    compile_c([source], tmp_path / "all.o", ("-std=gnu++14", "-O2", f"-I{tmp_path}", "-c"), "g++")


def test_every_header_stands_alone(mnist: Path, tmp_path: Path) -> None:
    generate(mnist / "model.tflite", mnist / "manifest.json", "aot", "chirale", tmp_path)
    for header in ["model.h", *KERNEL_HEADERS]:
        source = tmp_path / "one.c"
        source.write_text(f'#include "{header}"\n#include "{header}"\n')
        compile_c([source], tmp_path / "one.o", ("-std=c11", f"-I{tmp_path}", "-c"))


def test_every_symbol_of_the_engine_carries_its_prefix(tmp_path: Path) -> None:
    command = ["gcc", *INCLUDES, "-E", "-P", "-dD", "-x", "c", "-"]
    system = "#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n"
    own = "".join(f'#include "{header}"\n' for header in KERNEL_HEADERS)
    listings = [
        subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=True).stdout
        for text in (system, system + own)
    ]
    ours = listings[1][len(listings[0]) :]
    functions = set(re.findall(r"static (?:inline )?(?:const )?(?:struct )?\w+ \**(\w+)\(", ours))
    structs = set(re.findall(r"^struct (\w+) \{", ours, re.MULTILINE))
    macros = set(re.findall(r"^#define (\w+)", ours, re.MULTILINE))
    assert "thimble_conv_2d" in functions & structs
    assert [name for name in functions | structs if not name.startswith("thimble_")] == []
    assert [name for name in macros if not name.startswith("THIMBLE_")] == []


AWKWARD = [
    "memcpy", "dual_sums", "exp", "arena", "input", "model_input", "thimble_conv_2d", "index", "int", "NULL",
    "conv_1_weights", "log", "main", "int8_t", "softmax", "conv", "y0",
]  # fmt: skip


def test_layers_may_be_called_like_anything_in_c(tmp_path: Path) -> None:
    network = random_network(3)
    model = parse_model(network.flatbuffer())
    for start in range(0, len(AWKWARD), len(model.operators)):
        layers = (AWKWARD * 2)[start : start + len(model.operators)]
        identifiers = Identifiers(SYMBOLS.taken)
        plan = plan_model(model, layer_names(model, layers, identifiers), "speed")
        source, _ = model_source(plan, "awkward", claim_names(plan, identifiers))
        (tmp_path / "model.h").write_text(model_header(plan, "awkward"))
        (tmp_path / "model.c").write_text(source)
        for flags in (("-std=c11",), ("-std=gnu11",)):
            compile_c([tmp_path / "model.c"], tmp_path / "model.o", (*flags, f"-I{tmp_path}", "-O1", "-c"))
