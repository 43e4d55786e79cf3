"""Models as libraries: they compile anywhere, compute the reference's bytes, and live beside each other."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from contract.boards import FOLDER, board
from contract.c_interface import library
from contract.errors import UserError
from contract.reference import read_reference
from export.__main__ import KINDS
from export.packages import PACKAGES
from export.stage import export
from measure.library import build, run_image, self_test
from tests.c_build import SANITIZERS, compile_c, run_c
from tests.exported import (
    STRICT,
    Exported,
    build_for_board,
    export_files,
    export_network,
    run_on_host,
)
from tests.networks import convolution_of
from tests.test_graphs import random_graph
from tests.test_state import stream

GRAPHS = 12


@pytest.fixture(scope="module")
def digits(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_files(mnist, tmp_path_factory.mktemp("digits") / "digits", "digits")


@pytest.fixture(scope="module")
def digit(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The same with instances."""
    return export_files(mnist, tmp_path_factory.mktemp("digit") / "digit", "digit", instances=True)


# ---- right on every processor ----
def test_the_self_test_passes_under_sanitizers(digits: Exported, digit: Exported, tmp_path: Path) -> None:
    for exported in (digits, digit):
        assert run_on_host(exported, tmp_path).stdout == "PASS\n"


def test_the_self_test_finds_a_wrong_byte(digits: Exported, tmp_path: Path, mnist: Path) -> None:
    copy = shutil.copytree(digits.folder, tmp_path / "digits")
    outputs = read_reference(mnist / "reference.npz").outputs[0].ravel().tolist()
    path = copy / "examples" / "self_test" / "self_test.c"
    before, start, behind = path.read_text().partition("outputs[1][10] = {\n")
    wrong = [value ^ (place == 3) for place, value in enumerate(outputs)]
    path.write_text(f"{before}{start}{{{', '.join(map(str, wrong))}}}\n{behind[behind.index('};') :]}")
    done = run_on_host(Exported(copy, "digits"), tmp_path)
    said = f"FAIL: output byte 3 is {outputs[3]}, not {wrong[3]}\n"
    assert (done.returncode, done.stdout) == (1, said)
    assert self_test(copy, board("mps2-an386")) == (False, said)


CORES = [(name, None) for name in sorted(path.parent.name for path in FOLDER.glob("mps2-*/board.json"))]


@pytest.mark.parametrize(("name", "core"), [*CORES, ("mps2-an385", "cortex-m0plus")])
@pytest.mark.parametrize(("instances", "level"), [(False, "-O2"), (True, "-Os"), (True, "-O0")])
def test_the_self_test_passes_on_every_core(
    name: str,
    core: str | None,
    instances: bool,
    level: str,
    digits: Exported,
    digit: Exported,
    tmp_path: Path,
) -> None:
    exported = digit if instances else digits
    image = build_for_board(exported, tmp_path / "image", name, core, level)
    assert run_image(image, board(name)) == (True, "PASS\n")


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_any_network_becomes_a_library(seed: int, tmp_path: Path) -> None:
    """Several inputs and outputs, float32 and uint8 at the edges, states; the header as C++, too."""
    network = stream(seed) if seed % 4 == 3 else random_graph(seed)
    exported = export_network(network.flatbuffer(), tmp_path / "any", "any", instances=seed % 2 == 0)
    assert run_on_host(exported, tmp_path).stdout == "PASS\n"
    for path in sorted(exported.folder.glob("examples/*/console/main.c")):
        flags = ("-std=c11", *STRICT, *exported.includes, "-c")
        compile_c([path], tmp_path / "example.o", flags)
    source = tmp_path / "header.cpp"
    source.write_text('#include "any.h"\n#include "self_test.h"\n')
    compile_c([source], tmp_path / "header.o", ("-std=c++14", *STRICT, *exported.includes, "-c"), "g++")


def test_float32_and_uint8_at_the_edges(tmp_path: Path) -> None:
    for edges in ("FLOAT32", "UINT8"):
        network = convolution_of(edges, np.random.default_rng(2))
        exported = export_network(network.flatbuffer(), tmp_path / edges.lower(), "edges")
        assert run_on_host(exported, tmp_path).stdout == "PASS\n"


# ---- beside each other ----
BOTH = """
#include <stdio.h>
#include <string.h>
#include "digit.h"
#include "digits.h"

static struct digit first, second;

int main(void) {
    int8_t bytes[DIGITS_INPUT_BYTES];
    digits_init();
    digit_init(&first);
    digit_init(&second);
    while (fread(bytes, 1, sizeof bytes, stdin) == sizeof bytes) {
        memcpy(digit_input(&first, 0), bytes, sizeof bytes);
        for (int i = 0; i < DIGITS_INPUT_BYTES; i++) {
            digit_input(&second, 0)[i] = (int8_t)(-1 - bytes[i]);
        }
        memcpy(digits_input(0), bytes, sizeof bytes);
        digit_invoke(&second);
        digit_invoke(&first);
        digits_invoke();
        fwrite(digits_output(0), 1, DIGITS_OUTPUT_BYTES, stdout);
        fwrite(digit_output(&first, 0), 1, DIGIT_OUTPUT_BYTES, stdout);
    }
    return 0;
}
"""


OTHER_FIRST = """
#include "digit.h"
#include "self_test.h"
#include "semihosting.h"

int main(void) {
    static struct digit net;
    digit_init(&net);
    digit_invoke(&net);
    const struct self_test_result result = self_test();
    semihosting_print(result.at < 0 ? "PASS\\n" : "FAIL\\n");
    semihosting_exit(result.at < 0 ? 0 : 1);
}
"""


def test_two_models_and_two_instances_share_a_program(
    digits: Exported, digit: Exported, mnist: Path, tmp_path: Path
) -> None:
    (tmp_path / "main.c").write_text(BOTH)
    known = read_reference(mnist / "reference.npz").of(np.arange(50))
    sources = [tmp_path / "main.c", *digits.sources, *digit.sources]
    flags = ("-std=c11", "-O1", *STRICT, *SANITIZERS, *digits.includes, *digit.includes)
    program = compile_c(sources, tmp_path / "both", flags)
    given = np.frombuffer(run_c(program, known.inputs.tobytes()), np.int8).reshape(50, 2, -1)
    for model in range(2):
        np.testing.assert_array_equal(given[:, model], known.outputs.reshape(50, -1))


def test_two_models_share_an_image_for_the_board(digits: Exported, digit: Exported, tmp_path: Path) -> None:
    """And the other runs first."""
    (tmp_path / "main.c").write_text(OTHER_FIRST)
    target = board("mps2-an386")
    image = build(
        [*digits.self_test, *digit.sources],
        [*digits.include_folders, *digit.include_folders],
        target,
        tmp_path,
        ("-O2", *STRICT),
        tmp_path / "main.c",
    )
    assert run_image(image, target) == (True, "PASS\n")


@pytest.mark.parametrize("compiler", ["gcc", "arm-none-eabi-gcc"])
def test_every_symbol_that_a_linker_sees_carries_the_model_s_name(
    digit: Exported, compiler: str, tmp_path: Path
) -> None:
    arm = board("mps2-an386").compiler_flags.split() if compiler != "gcc" else []
    symbols = set()
    for source in digit.sources:
        compile_c([source], tmp_path / "one.o", (*arm, *digit.includes, "-c"), compiler)
        listing = subprocess.run(
            [compiler.replace("gcc", "nm"), "-g", "--defined-only", tmp_path / "one.o"],
            capture_output=True,
            text=True,
            check=True,
        )
        symbols |= {line.split()[-1] for line in listing.stdout.splitlines()}
    assert "digit_invoke" in symbols
    assert [symbol for symbol in symbols if not symbol.startswith("digit_")] == []


def test_every_guard_and_file_carries_the_model_s_name(digit: Exported) -> None:
    for path in sorted((digit.folder / "src").rglob("*.*")):
        if path.suffix in (".h", ".inc"):
            guards = [line for line in path.read_text().splitlines() if line.startswith("#ifndef")]
            assert guards, path
            assert all("DIGIT_" in guard for guard in guards[:1]), path
        relative = path.relative_to(digit.folder / "src")
        assert str(relative).startswith(("digit.", "digit_", "digit/")), path


# ---- refused, with nothing changed ----
def test_a_library_replaces_itself_and_nothing_else(mnist: Path, tmp_path: Path) -> None:
    out = tmp_path / "library"
    export_files(mnist, out, "first", packages=("arduino",))
    export_files(mnist, out, "second", packages=("cmake",))
    assert (out / "src" / "second.h").is_file()
    assert not (out / "src" / "first.h").exists()
    assert not (out / "library.properties").exists()
    work = tmp_path / "work"
    work.mkdir()
    (work / "mine.c").write_text("int mine;\n")
    with pytest.raises(UserError, match="no exported library"):
        export_files(mnist, work, "third")
    assert sorted(path.name for path in work.iterdir()) == ["mine.c"]
    assert not [path for path in tmp_path.iterdir() if "partial" in path.name]


def test_what_others_put_there_stays_and_what_they_changed_is_not_lost(mnist: Path, tmp_path: Path) -> None:
    out = tmp_path / "library"
    export_files(mnist, out, "digits")
    (out / "build").mkdir()
    (out / "build" / "mine.txt").write_text("mine")
    export_files(mnist, out, "numbers")
    assert (out / "build" / "mine.txt").read_text() == "mine"
    assert (out / "src" / "numbers.h").is_file()
    assert not (out / "src" / "digits.h").exists()
    example = out / "examples" / "classify" / "console" / "main.c"
    example.write_text("int main(void) { return 42; }\n")
    with pytest.raises(UserError, match=r"changed since it was exported: examples/classify/console/main\.c"):
        export_files(mnist, out, "digits")
    assert "42" in example.read_text()
    (tmp_path / "other.zip").write_bytes(b"my own data")
    with pytest.raises(UserError, match="would be replaced"):
        export_files(mnist, tmp_path / "other", "digits")
    assert (tmp_path / "other.zip").read_bytes() == b"my own data"
    assert not (tmp_path / "other").exists()


def test_an_interrupted_export_leaves_what_was_there(
    mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "library"
    export_files(mnist, out, "digits")
    real, calls = os.replace, []

    def interrupted(source: Path, target: Path) -> None:
        if str(target) == str(out):
            calls.append(source)
            if len(calls) == 1:
                raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr("export.stage.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_files(mnist, out, "numbers")
    assert (out / "src" / "digits.h").is_file()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_what_belongs_to_another_model_is_refused(mnist: Path, root: Path, tmp_path: Path) -> None:
    exported = export_files(mnist, tmp_path / "digits", "digits")
    generated = tmp_path / "digits-generated"
    fashion = root / "models" / "fashion"
    for manifest, reference in ((fashion, mnist), (mnist, fashion)):
        with pytest.raises(UserError, match="not of the model"):
            export(
                generated,
                manifest / "manifest.json",
                reference / "reference.npz",
                [],
                KINDS,
                "1.0.0",
                exported.folder,
            )
    (generated / "digits.h").unlink()
    with pytest.raises(UserError, match="--name"):
        export(generated, mnist / "manifest.json", None, [], KINDS, "1.0.0", exported.folder)


def test_without_a_reference_there_is_no_self_test(mnist: Path, tmp_path: Path) -> None:
    export_files(mnist, tmp_path / "digits", "digits")
    export(
        tmp_path / "digits-generated", mnist / "manifest.json", None, [], KINDS, "1.0.0", tmp_path / "bare"
    )
    assert not list((tmp_path / "bare").rglob("*self_test*"))
    assert "no self-test" in (tmp_path / "bare" / "README.md").read_text()


def test_the_command_knows_every_package() -> None:
    assert tuple(PACKAGES) == KINDS


def test_the_zip_is_the_folder(digits: Exported) -> None:
    with zipfile.ZipFile(digits.folder.with_suffix(".zip")) as archive:
        names = archive.namelist()
        assert all(name.startswith("digits/") for name in names)
        for name in names:
            assert archive.read(name) == (digits.folder.parent / name).read_bytes()
    files = [path for path in digits.folder.rglob("*") if path.is_file()]
    assert len(files) == len(names)


def test_a_name_that_c_does_not_take_is_refused() -> None:
    with pytest.raises(UserError, match="my_model"):
        library("My-Model", instances=False)
