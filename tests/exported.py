"""Exports models as a user does, and builds what comes out."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codegen.generate import generate
from contract.boards import DEFAULT, board
from contract.c_interface import library
from export.stage import export
from measure.library import build
from quantize.stage import given
from tests.c_build import FIRMWARE, SANITIZERS, compile_c

FAMILY = FIRMWARE / "boards" / "cortex_m"
ALL = ("arduino", "platformio", "cmake", "zephyr")
STRICT = ("-Wconversion", "-funsigned-char")


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
    def include_folders(self) -> list[Path]:
        return [self.folder / "src", self.folder / "examples" / "self_test"]

    @property
    def includes(self) -> tuple[str, ...]:
        return tuple(f"-I{path}" for path in self.include_folders)


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
    exported: Exported, folder: Path, name: str = DEFAULT, core: str | None = None, level: str = "-O2"
) -> Path:
    """The image of the self-test; `core` is what the compiler makes code for, if not for that board's."""
    folder.mkdir(exist_ok=True)
    flags = [level, *STRICT, *([] if core is None else [f"-mcpu={core}"])]
    return build(exported.self_test, exported.include_folders, board(name), folder, flags)
