"""What an application calls of a generated model: real numbers, classes, answers; and what all is called."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codegen.c_source import text
from codegen.generate import generate
from contract.c_interface import INPUT, OUTPUT, RESERVED, edges, library, library_name, usage
from contract.errors import UserError
from contract.flatbuffer import parse_model
from contract.manifest import TensorInfo, read_manifest
from contract.reference import read_reference, real_values
from contract.task import BINARY, Task
from quantize.artefacts import model_inputs
from tests.c_build import SANITIZERS, compile_c, run_c
from tests.networks import Network


def test_a_name_is_refused_that_cannot_begin_c_functions() -> None:
    for name in ("Digits", "2nd", "a-b", "", "int", "thimble_x", "x" * 41):
        with pytest.raises(UserError, match="such as"):
            library(name, instances=False)


@given(st.one_of(st.text(max_size=60), st.sampled_from(sorted(RESERVED))))
def test_any_wish_becomes_a_name_that_is_taken(wish: str) -> None:
    name = library_name(wish)
    assert library(name, instances=False).name == name
    assert library_name(name) == name


def test_how_a_model_with_several_inputs_and_instances_is_used() -> None:
    infos = [TensorInfo(name, "int8", (1, 4), 0.5, 3) for name in ("left", "right")]
    inputs = edges(INPUT, infos)
    outputs = edges(OUTPUT, [TensorInfo("output", "int8", (1, 2), 0.5, 0)], [Task(BINARY, ("no", "yes"))])
    assert usage(inputs, outputs, library("gate", instances=True)) == [
        "gate_set_input_left(&net, reals_left);",
        "gate_set_input_right(&net, reals_right);",
        "gate_invoke(&net);",
        "int yes = gate_decide(&net, 0);",
    ]


def test_no_name_of_a_tensor_completes_another_constant() -> None:
    interface = library("net", instances=False)
    infos = [TensorInfo(name, "int8", (1, 4), 0.5, 3) for name in ("a", "a_bytes", "bytes", "a_scale")]
    constants = [
        edge.constant(interface, what)
        for edge in edges(INPUT, infos)
        for what in ("BYTES", "ELEMENTS", "SCALE", "ZERO_POINT", "INDEX")
    ]
    assert len({*constants, "NET_INPUT_BYTES", "NET_OUTPUT_BYTES", "NET_ARENA_BYTES"}) == len(constants) + 3


def test_labels_of_any_language_reach_c(tmp_path: Path) -> None:
    words = ("grün", "猫", 'a "b" \\ ??= */', "x\ny")
    source = tmp_path / "labels.c"
    listed = ", ".join(text(word) for word in words)
    source.write_text(
        f"#include <stdio.h>\nint main(void) {{\n    static const char *const all[] = {{{listed}}};\n"
        '    for (int i = 0; i < 4; i++) {\n        printf("%s%c", all[i], 0);\n    }\n    return 0;\n}\n'
    )
    program = compile_c([source], tmp_path / "labels", ("-std=c11",))
    assert run_c(program, b"").decode().split("\0")[:-1] == list(words)


# ---- the functions, compiled ----

QUANTIZE = """
#include <stdio.h>
#include "model.h"
int main(void) {
    float real;
    while (fread(&real, sizeof real, 1, stdin) == 1) {
        putchar((uint8_t)model_quantize_input(real));
    }
    return 0;
}
"""


def program(generated: Path, main: str) -> Path:
    """`main` with the generated model, under the sanitizers."""
    source = generated / "main.c"
    source.write_text(main)
    flags = ("-std=c11", "-O1", "-g", "-Wconversion", *SANITIZERS, f"-I{generated}")
    return compile_c([source, generated / "model.c", generated / "model_values.c"], generated / "main", flags)


@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize(("scale", "zero_point"), [(1 / 255, -128), (0.05, -3), (3.7, 127), (2**-20, 0)])
def test_a_real_number_is_stored_as_quantize_stores_it(
    scale: float, zero_point: int, unsigned: bool, tmp_path: Path
) -> None:
    network = Network((1, 4), scale, zero_point)
    if unsigned:
        network.set_input(network.unsigned("start", (1, 4), scale, zero_point + 128))
        network.quantize(network.activation("quantised", (1, 4), scale, zero_point))
    network.softmax()
    flatbuffer = network.flatbuffer()
    (tmp_path / "model.tflite").write_bytes(flatbuffer)
    generate(tmp_path / "model.tflite", None, "aot", "chirale", tmp_path)
    model = parse_model(flatbuffer)
    tensor = model.tensors[model.inputs[0]]
    steps = np.arange(-300, 300, 0.125)  # halves, too, which round to even
    random = np.random.default_rng(1).normal(0, 200, 5000)
    reals = (np.concatenate([steps, random, [1e30, -1e30, 0.0]]) * scale).astype(np.float32)
    reals = np.concatenate([reals, np.array([np.inf, -np.inf], np.float32)])
    stored = np.frombuffer(run_c(program(tmp_path, QUANTIZE), reals.tobytes()), tensor.dtype)
    np.testing.assert_array_equal(stored, model_inputs(reals, tensor))
    lowest = run_c(tmp_path / "main", np.array([np.nan], np.float32).tobytes())
    assert np.frombuffer(lowest, tensor.dtype) == np.iinfo(tensor.dtype).min


ANSWERS = """
#include <stdio.h>
#include "model.h"
int main(void) {
    float reals[MODEL_INPUT_ELEMENTS], results[MODEL_OUTPUT_ELEMENTS];
    model_init();
    while (fread(reals, sizeof reals, 1, stdin) == 1) {
        model_set_input(reals);
        model_invoke();
        model_get_output(results);
        fwrite(results, sizeof results, 1, stdout);
        fwrite(model_labels[model_argmax()], 1, 1, stdout);
    }
    return 0;
}
"""


def test_real_numbers_go_in_and_come_out_as_the_host_computes_them(mnist: Path, tmp_path: Path) -> None:
    generate(mnist / "model.tflite", mnist / "manifest.json", "aot", "chirale", tmp_path)
    manifest, known = read_manifest(mnist / "manifest.json"), read_reference(mnist / "reference.npz")
    known = known.of(np.arange(100))
    (reals,) = real_values(known.inputs, manifest.inputs)
    (expected,) = real_values(known.outputs, manifest.outputs)
    answers = run_c(program(tmp_path, ANSWERS), reals.tobytes())
    rows = np.frombuffer(answers, np.uint8).reshape(len(reals), -1)
    np.testing.assert_array_equal(np.ascontiguousarray(rows[:, :-1]).view(np.float32), expected)
    labels = [chr(row[-1]) for row in rows]
    assert labels == [manifest.tasks[0].classes[place] for place in np.argmax(expected, axis=-1)]
