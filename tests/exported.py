"""Exports models as a user does, and builds what comes out."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.generate import generate
from contract.boards import DEFAULT, board, header
from contract.c_interface import library
from export.stage import export
from quantize.stage import given
from tests.c_build import FIRMWARE, SANITIZERS, compile_c

FAMILY = FIRMWARE / "boards" / "cortex_m"
ALL = ("arduino", "platformio", "cmake", "zephyr")
STRICT = ("-Wconversion", "-funsigned-char")

# A main for an emulated board, that says what the self-test found.
BOARD_MAIN = """
#include "self_test.h"
#include "semihosting.h"

int main(void) {
    const struct self_test result = self_test();
    semihosting_print(result.at < 0 ? "PASS\\n" : "FAIL\\n");
    semihosting_exit(result.at < 0 ? 0 : 1);
}
"""


@dataclass(frozen=True)
class Exported:
    """A library on disk."""

    folder: Path
    name: str

    @property
    def sources(self) -> list[Path]:
        """What every build system compiles."""
        return sorted(path for path in (self.folder / "src").iterdir() if path.suffix in (".c", ".S"))

    @property
    def self_test(self) -> list[Path]:
        tests = self.folder / "examples" / "self_test"
        return [*self.sources, tests / "self_test.c"]

    @property
    def includes(self) -> tuple[str, ...]:
        return (f"-I{self.folder / 'src'}", f"-I{self.folder / 'examples' / 'self_test'}")


def export_files(
    artefacts: Path,
    out: Path,
    name: str,
    instances: bool = False,
    packages: Sequence[str] = ALL,
    goal: str = "speed",
) -> Exported:
    """The library of the artefacts in a folder: model.tflite, manifest.json, reference.npz."""
    generated = out.with_name(f"{out.name}-generated")
    manifest = artefacts / "manifest.json"
    interface = library(name, instances)
    generate(artefacts / "model.tflite", manifest, "aot", "chirale", generated, goal, interface=interface)
    export(generated, manifest, artefacts / "reference.npz", [], packages, "1.0.0", out)
    return Exported(out, name)


def export_network(flatbuffer: bytes, out: Path, name: str, instances: bool = False) -> Exported:
    """The library of any flatbuffer, with random inputs in its self-test."""
    artefacts = out.with_name(f"{out.name}-artefacts")
    artefacts.mkdir()
    path = artefacts / "given.tflite"
    path.write_bytes(flatbuffer)
    given(path, None, name, "own", 0, "aot", artefacts)
    return export_files(artefacts, out, name, instances)


def run_on_host(exported: Exported, folder: Path) -> subprocess.CompletedProcess[str]:
    """The self-test as a program of the host, under the sanitizers."""
    main = exported.folder / "examples" / "self_test" / "console" / "main.c"
    flags = ("-std=c11", "-O1", "-g", *STRICT, *SANITIZERS, *exported.includes)
    program = compile_c([*exported.self_test, main], folder / f"{exported.name}_self_test", flags)
    return subprocess.run([program], capture_output=True, text=True, timeout=60)


def build_for_board(
    sources: Sequence[Path],
    main: str,
    folder: Path,
    includes: Sequence[str],
    name: str = DEFAULT,
    core: str | None = None,
    level: str = "-O2",
) -> Path:
    """An image with `main`; `core` is what the compiler makes code for, if not for that board's."""
    folder.mkdir(exist_ok=True)
    target = board(name)
    (folder / "board_config.h").write_text(header(target))
    compiler = "arm-none-eabi-gcc"
    script = (f"-I{folder}", str(FAMILY / "image.ld.in"), "-o", str(folder / "image.ld"))
    subprocess.run([compiler, "-E", "-P", "-x", "c", *script], check=True, timeout=60)
    (folder / "main.c").write_text(main)
    flags = (
        *("-std=c11", level, *target.compiler_flags.split(), *STRICT, "-ffunction-sections"),
        *(() if core is None else (f"-mcpu={core}",)),
        *(*includes, f"-I{FAMILY}", f"-I{folder}", f"-T{folder / 'image.ld'}"),
        *("--specs=nano.specs", "-nostartfiles", "-Wl,--gc-sections"),
    )
    own = [folder / "main.c", FAMILY / "startup.c"]
    return compile_c([*sources, *own], folder / "image.elf", flags, compiler)


def run_on_board(image: Path, name: str = DEFAULT) -> subprocess.CompletedProcess[str]:
    """What the image prints on its console, and its exit code."""
    target = board(name)
    assert target.emulator is not None
    command = ["qemu-system-arm", "-M", target.emulator.machine, "-kernel", str(image), "-nographic"]
    command += ["-monitor", "none", "-serial", "none", "-semihosting-config", "enable=on,target=native"]
    # The emulator's console is its standard error.
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
    )
