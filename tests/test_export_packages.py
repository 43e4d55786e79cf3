"""Libraries in the build systems that they are described for, read by those systems' own tools as far as they
can be had: CMake and the Arduino builder build and run them, PlatformIO's package reads its description, and
Zephyr's is held against what its documentation says."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import kconfiglib
import pytest
import yaml
from platformio.package.manifest.parser import ManifestParserFactory
from platformio.package.manifest.schema import ManifestSchema
from pykwalify.core import Core

from contract.boards import board, header
from measure.library import run_image
from tests.c_build import FIRMWARE, ROOT
from tests.exported import FAMILY, STRICT, Exported, export_files

CORE = ROOT / "tests" / "arduino_core"


@pytest.fixture(scope="module", params=[False, True], ids=["one", "instances"])
def digits(request: pytest.FixtureRequest, mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_files(mnist, tmp_path_factory.mktemp("digits") / "digits", "digits", request.param)


def run(command: Sequence[str | Path], folder: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


# ---- CMake ----
def test_cmake_builds_and_tests_the_library_by_itself(digits: Exported, tmp_path: Path) -> None:
    flags = " ".join(("-Wall", "-Wextra", "-Werror", *STRICT, "-fsanitize=address,undefined"))
    run(["cmake", "-S", digits.folder, "-B", tmp_path, f"-DCMAKE_C_FLAGS={flags}"], tmp_path)
    run(["cmake", "--build", tmp_path], tmp_path)
    assert "100% tests passed" in run(["ctest", "--test-dir", tmp_path], tmp_path)
    assert run([tmp_path / "digits_classify"], tmp_path)


PROJECT = """
cmake_minimum_required(VERSION 3.13)
project(application LANGUAGES C ASM)
add_subdirectory(${LIBRARY} digits)
add_executable(application main.c)
target_link_libraries(application PRIVATE digits)
"""


def test_cmake_links_the_library_into_an_application(digits: Exported, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(PROJECT)
    (tmp_path / "main.c").write_text(
        '#include "digits.h"\nint main(void) { return digits_quantize_input(1.0f) == 127 ? 0 : 1; }\n'
    )
    run(["cmake", f"-DLIBRARY={digits.folder}", "-B", tmp_path / "build"], tmp_path)
    run(["cmake", "--build", tmp_path / "build"], tmp_path)
    run([tmp_path / "build" / "application"], tmp_path)


TOOLCHAIN = """
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_ASM_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(flags "%s -Wall -Wextra -Werror")
set(CMAKE_C_FLAGS_INIT "${flags} -Wconversion")
set(CMAKE_ASM_FLAGS_INIT "${flags}")
"""


@pytest.mark.parametrize("name", ["mps2-an385", "mps2-an386", "mps2-an505"])
def test_cmake_builds_the_library_for_emulated_boards(name: str, digits: Exported, tmp_path: Path) -> None:
    (tmp_path / "toolchain.cmake").write_text(TOOLCHAIN % board(name).compiler_flags)
    options = [f"-DCMAKE_TOOLCHAIN_FILE={tmp_path / 'toolchain.cmake'}", "-DCMAKE_BUILD_TYPE=Release"]
    run(["cmake", "-S", digits.folder, "-B", tmp_path, *options], tmp_path)
    run(["cmake", "--build", tmp_path], tmp_path)
    assert (tmp_path / "libdigits.a").is_file()


# ---- Arduino ----
@pytest.fixture
def arduino(tmp_path: Path) -> Path:
    """A folder with the tests' core for the emulated board, as the Arduino builder wants it."""
    if shutil.which("arduino-builder") is None:
        pytest.skip("arduino-builder is not installed; Debian and Ubuntu have it")
    platform = tmp_path / "hardware" / "thimble" / "arm"
    core = platform / "cores" / "emulated"
    core.mkdir(parents=True)
    for path in CORE.glob("*.txt"):
        shutil.copy(path, platform)
    for path in (CORE / "Arduino.h", CORE / "core.cpp", *(FAMILY / name for name in STARTUP)):
        shutil.copy(path, core)
    (core / "board_config.h").write_text(header(board("mps2-an386")))
    script = FIRMWARE / "boards" / "cortex_m" / "image.ld.in"
    run(["arm-none-eabi-gcc", "-E", "-P", "-x", "c", f"-I{core}", script, "-o", core / "image.ld"], tmp_path)
    return tmp_path


STARTUP = ("startup.c", "startup.h", "semihosting.h")


@pytest.mark.parametrize(
    ("example", "says"), [("self_test", r"PASS\n"), ("classify", r"\d  0 microseconds\n")]
)
def test_the_arduino_builder_compiles_the_examples_for_the_emulated_board(
    example: str, says: str, digits: Exported, arduino: Path
) -> None:
    with_library = arduino / "libraries" / "digits"
    shutil.unpack_archive(digits.folder.with_suffix(".zip"), arduino / "libraries")
    build = arduino / "build"
    build.mkdir()
    common = Path("/usr/share/arduino-builder")
    command: list[str | Path] = ["arduino-builder", "-compile", "-warnings", "all", "-build-path", build]
    for option, value in (
        ("-hardware", common),
        ("-hardware", arduino / "hardware"),
        ("-tools", common),
        ("-libraries", arduino / "libraries"),
        ("-fqbn", "thimble:arm:emulated"),
    ):
        command += [option, value]
    run([*command, with_library / "examples" / example / f"{example}.ino"], arduino)
    passed, said = run_image(build / f"{example}.ino.elf", board("mps2-an386"))
    assert passed
    assert re.fullmatch(says, said)


def test_the_arduino_description_is_complete(digits: Exported) -> None:
    lines = (digits.folder / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    wanted = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url"}
    assert wanted | {"architectures", "includes"} == set(properties)
    assert all(properties.values())
    kinds = [line.split("\t") for line in (digits.folder / "keywords.txt").read_text().splitlines()]
    assert ["digits_invoke", "KEYWORD2"] in kinds
    assert ["DIGITS_INPUT_SCALE", "LITERAL1"] in kinds
    assert len({word for word, _ in kinds}) == len(kinds)


# ---- PlatformIO ----
@pytest.mark.parametrize("file", ["library.json", "library.properties"])
def test_platformio_reads_the_description(
    file: str, digits: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package would fetch the list of licences.
    licences = {"licenses": [{"licenseId": "Apache-2.0"}]}
    monkeypatch.setattr(ManifestSchema, "load_spdx_licenses", staticmethod(lambda: licences))
    raw = ManifestParserFactory.new_from_file(str(digits.folder / file)).as_dict()
    manifest = ManifestSchema().load_manifest(raw)
    assert manifest["name"] == "digits"
    for example in manifest.get("examples", []):
        for name in example["files"]:
            assert (digits.folder / example["base"] / name).is_file()


# ---- Zephyr ----
# The keys of module.yml that this project writes, as Zephyr's documentation describes them
# (docs.zephyrproject.org, "Modules (External projects)").
MODULE_SCHEMA = """
type: map
mapping:
  name: {type: str, required: false}
  build:
    required: false
    type: map
    mapping:
      cmake: {type: str, required: false}
      kconfig: {type: str, required: false}
"""

# What the module's CMakeLists.txt calls of Zephyr.
ZEPHYR = """
cmake_minimum_required(VERSION 3.20)
project(zephyr LANGUAGES C ASM)
set(CONFIG_THIMBLE_DIGITS y)
macro(zephyr_include_directories)
  include_directories(${ARGN})
endmacro()
macro(zephyr_library_named name)
  add_library(${name} STATIC)
  set(zephyr_library ${name})
endmacro()
macro(zephyr_library_sources)
  target_sources(${zephyr_library} PRIVATE ${ARGN})
endmacro()
add_subdirectory(${MODULE}/zephyr module)
"""


def test_zephyr_s_module_description_keeps_to_the_documented_keys(digits: Exported) -> None:
    module = yaml.safe_load((digits.folder / "zephyr" / "module.yml").read_text())
    Core(source_data=module, schema_data=yaml.safe_load(MODULE_SCHEMA)).validate()
    assert (digits.folder / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert (digits.folder / module["build"]["kconfig"]).is_file()


def test_zephyr_s_option_is_one(digits: Exported) -> None:
    options = kconfiglib.Kconfig(str(digits.folder / "zephyr" / "Kconfig"), warn_to_stderr=False)
    options.load_config(str(digits.folder / "examples" / "self_test" / "zephyr" / "prj.conf"))
    assert options.syms["THIMBLE_DIGITS"].str_value == "y"


def test_zephyr_s_cmake_file_compiles_the_library(digits: Exported, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(ZEPHYR)
    run(["cmake", f"-DMODULE={digits.folder}", "-B", tmp_path / "build"], tmp_path)
    run(["cmake", "--build", tmp_path / "build"], tmp_path)
