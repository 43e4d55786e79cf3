"""The Arduino sketch: put together whole, right for Arduino's compiler, and alive on the host."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from contract.boards import board as board_named
from contract.errors import UserError
from contract.firmware import read_firmware
from contract.manifest import read_manifest
from contract.protocol import RESULT_HEADER, ErrorCode, FrameType, HelloReply, TickUnit
from contract.reference import read_reference
from host.frames import Frame
from measure.image import sizes
from measure.sketch import sketch_sizes
from tests.arduino_cli import ArduinoCli
from tests.c_build import FIRMWARE, ROOT, WARNINGS
from tests.networks import reference as tflm_outputs
from tests.pipeline import run_stage
from tests.session_harness import fake
from tests.session_harness.boards import HERE as HARNESS
from tests.session_harness.boards import Client
from tests.sketch import TFLM_HEADERS, assemble, assembled, compile_on_host, run
from tests.test_session_native import (  # noqa: F401 (the same tests, of the boards of this module)
    HELLO,
    opened,
    running,
    test_a_host_that_leaves_in_the_middle_of_a_frame_does_not_disturb_the_next,
    test_answers_that_nobody_fetched_do_not_hold_it_up,
    test_as_many_requests_as_it_states_may_be_in_flight,
    test_its_port_is_raw_before_a_program_sets_it,
    test_the_host_may_close_the_port_and_open_it_again,
    test_two_hosts_at_once_never_read_a_wrong_number,
)

FAKE = (f"ENGINE_DIR={HARNESS / 'fake_engine'}", "ENGINE=fake")


@pytest.fixture(scope="module")
def generated(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What codegen writes for each engine, and for each library that the second one meets."""
    folder = tmp_path_factory.mktemp("generated")
    model = ("--tflite", mnist / "model.tflite", "--manifest", mnist / "manifest.json")
    for name, *options in (("aot",), ("chirale", "tflm", "--library", "chirale"),
                           ("arduino", "tflm", "--library", "arduino")):  # fmt: skip
        engine, *library = options or ["aot"]
        run_stage("codegen", *model, "--engine", engine, *library, "--out", folder / name)
    return {name: folder / name for name in ("aot", "chirale", "arduino")} | {"fake": HARNESS / "fake_model"}


@pytest.fixture(scope="module")
def sketches(generated: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each sketch."""
    folder = tmp_path_factory.mktemp("sketches")
    return {
        "aot": assembled(generated["aot"], folder / "aot", "ENGINE=aot"),
        "tflm": assembled(generated["chirale"], folder / "tflm", "ENGINE=tflm"),
        "tflm-clone": assembled(
            generated["arduino"], folder / "clone", "ENGINE=tflm", "TFLM_LIBRARY=/a/clone/of/it"
        ),
        "fake-usb": assembled(generated["fake"], folder / "usb", *FAKE),
        "fake-uart": assembled(generated["fake"], folder / "uart", *FAKE, "LINK=uart"),
    }


# ---- the folder ----
NANO33BLE = board_named("nano33ble")
SKETCHES = ["aot", "tflm", "tflm-clone"]
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
STANDARD = {"assert.h", "stdbool.h", "stddef.h", "stdint.h", "string.h"}
CORE = {"Arduino.h", "nrf.h"}
UMBRELLA = {"tflm": "Chirale_TensorFlowLite.h", "tflm-clone": "TensorFlowLite.h"}


def sources(sketch: Path) -> list[Path]:
    return [path for path in sketch.rglob("*") if path.is_file() and path.suffix != ".yaml"]


@pytest.mark.parametrize("name", SKETCHES)
def test_every_include_is_found_beside_the_file_or_in_the_core_or_the_library(
    name: str, sketches: dict[str, Path]
) -> None:
    """Arduino's builder gives the compiler the core's folders and the library's, and none of the sketch's."""
    library = {UMBRELLA[name]} if name in UMBRELLA else set()
    for path in sources(sketches[name]):
        for beside, elsewhere in INCLUDE.findall(path.read_text()):
            if beside:
                assert (path.parent / beside).is_file(), f"{path.name} includes {beside}"
            elif elsewhere.startswith("tensorflow/") and library:
                assert (TFLM_HEADERS / elsewhere).is_file(), f"{path.name} includes {elsewhere}"
            else:
                assert elsewhere in STANDARD | CORE | library, f"{path.name} includes {elsewhere}"


@pytest.mark.parametrize("name", SKETCHES)
def test_the_sketch_bears_its_folders_name_and_all_else_lies_in_src(
    name: str, sketches: dict[str, Path]
) -> None:
    """Only src/ below a sketch is compiled, and only these suffixes are (the sketch specification)."""
    sketch = sketches[name]
    assert {path.name for path in sketch.iterdir()} == {f"{sketch.name}.ino", "sketch.yaml", "src"}
    assert {path.suffix for path in (sketch / "src").iterdir()} <= {".c", ".cpp", ".h", ".S"}


@pytest.mark.parametrize("name", SKETCHES)
def test_the_sketchs_files_are_the_firmwares_but_for_the_folders_in_their_includes(
    name: str, sketches: dict[str, Path], generated: dict[str, Path]
) -> None:
    made = generated[{"aot": "aot", "tflm": "chirale", "tflm-clone": "arduino"}[name]]
    originals = {path.name: path for folder in (FIRMWARE, made) for path in folder.rglob("*.*")}
    originals |= {f"{path.stem}_inc.h": path for path in originals.values() if path.suffix == ".inc"}
    originals["line.h"] = FIRMWARE / "boards" / "nano33ble" / "line_usb.h"
    originals["board.cpp"] = FIRMWARE / "boards" / "nano33ble" / "board.cpp"
    if name != "aot":
        originals["engine.cpp"] = FIRMWARE / "engines" / "tflm" / "engine.cpp"
        originals["model_data.cpp"] = made / "model_data.cc"
    originals["board_config.h"] = sketches[name].parent / "board_config.h"
    for path in (sketches[name] / "src").iterdir():
        original = re.sub(r'^(#include ")[^"]*/', r"\1", originals[path.name].read_text(), flags=re.MULTILINE)
        original = re.sub(r'^(#include "[^"]*)\.inc"', r'\1_inc.h"', original, flags=re.MULTILINE)
        assert path.read_text() == original, path.name


@pytest.mark.parametrize(
    ("name", "libraries"),
    [
        ("aot", []),
        ("tflm", ["      - Chirale_TensorFLowLite (2.0.0)"]),
        ("tflm-clone", ["      - dir: /a/clone/of/it"]),
    ],
)
def test_the_profile_pins_the_core_and_the_library(
    name: str, libraries: list[str], sketches: dict[str, Path]
) -> None:
    lines = [
        line for line in (sketches[name] / "sketch.yaml").read_text().splitlines() if not line.startswith("#")
    ]
    assert lines == [
        "profiles:",
        "  nano33ble:",
        "    fqbn: arduino:mbed_nano:nano33ble",
        "    platforms:",
        "      - platform: arduino:mbed_nano (4.4.1)",
        *(["    libraries:"] if libraries else []),
        *libraries,
        "default_profile: nano33ble",
    ]


def test_the_sketch_is_put_together_again_only_when_something_changed(
    generated: dict[str, Path], tmp_path: Path
) -> None:
    profile = assembled(generated["fake"], tmp_path, *FAKE) / "sketch.yaml"
    first = profile.stat().st_mtime_ns
    assembled(generated["fake"], tmp_path, *FAKE)
    assert profile.stat().st_mtime_ns == first
    assembled(generated["fake"], tmp_path, *FAKE, "LINK=uart")
    assert profile.stat().st_mtime_ns > first
    assert "Serial1" in (profile.parent / "src" / "line.h").read_text()


# ---- with and without arduino-cli ----
def test_without_arduino_cli_one_message_says_how_to_install_it(
    generated: dict[str, Path], tmp_path: Path
) -> None:
    done = assemble(generated["fake"], tmp_path, *FAKE)
    assert done.returncode == 2
    assert all(system in done.stderr for system in ("Linux", "macOS", "Windows"))
    assert str(tmp_path / "nano33ble" / "nano33ble.ino") in done.stderr
    assert (tmp_path / "nano33ble" / "sketch.yaml").is_file()
    assert not (tmp_path / "firmware.elf").exists()


def link(folder: Path, zeros: int = 3000, constants: int = 1000) -> Path:
    """A program for Arm with `constants` bytes of them, 200 of data and `zeros` that begin as zeros."""
    (folder / "elf.c").write_text(
        f"const char constants[{constants}] = {{1}}; char data[200] = {{1}}; char zeros[{zeros}];\n"
        "int start(int i) { return constants[i] + data[i] + zeros[i]; }\n"
    )
    flags = ("-mcpu=cortex-m4", "-mthumb", "-Os", "-nostdlib", "-Wl,-e,start", "-Wl,-Ttext=0x10000")
    run(["arm-none-eabi-gcc", *flags, folder / "elf.c", "-o", folder / "sketch.elf"])
    return folder / "sketch.elf"


@pytest.mark.parametrize(
    ("what", "amounts"), [("RAM", {"zeros": NANO33BLE.ram_bytes or 0}), ("flash", {"constants": 983_000})]
)
def test_a_sketch_that_is_larger_than_the_board_is_refused(
    what: str, amounts: dict[str, int], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=f"bytes of {what}, the board has"):
        sketch_sizes(link(tmp_path, **amounts), NANO33BLE)


@pytest.mark.parametrize("kept", [0, 20, 60, -100])
def test_what_is_no_linked_sketch_is_refused(kept: int, tmp_path: Path) -> None:
    whole = link(tmp_path).read_bytes()
    (tmp_path / "short.elf").write_bytes(whole[:kept])
    with pytest.raises(UserError, match="not a linked sketch"):
        sketch_sizes(tmp_path / "short.elf", NANO33BLE)


def test_the_sizes_are_those_of_the_gnu_tools(tmp_path: Path) -> None:
    assert sketch_sizes(link(tmp_path), NANO33BLE).ram == sizes(link(tmp_path)).ram


def test_arduino_cli_compiles_with_the_profile_and_firmware_json_says_what_the_image_takes(
    mnist: Path, generated: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = ArduinoCli(tmp_path / "bin", elf=link(tmp_path))
    monkeypatch.setenv("PATH", str(cli.folder), prepend=os.pathsep)
    (tmp_path / "manifest.json").symlink_to(mnist / "manifest.json")
    out = tmp_path / "nano33ble-aot"
    command: list[str | Path] = [
        "make",
        "-C",
        FIRMWARE,
        "BOARD=nano33ble",
        "ENGINE=aot",
        f"GENERATED={generated['aot']}",
    ]
    for _ in range(2):
        run([*command, f"OUT={out}"])
    compilations = [call for call in cli.calls if call[0] == "compile"]
    assert compilations == [
        [
            *("compile", "--profile", "nano33ble", "--output-dir", str(out / "arduino")),
            str(out / "nano33ble"),
        ]
    ]
    run_stage("measure", "--board", "nano33ble", "--engine", "aot", "--link", "usb", out)
    firmware = read_firmware(out)
    assert (firmware.board, firmware.engine, firmware.link) == ("nano33ble", "aot", "usb")
    assert firmware.sha256 == read_manifest(mnist / "manifest.json").sha256
    assert 1200 <= firmware.image_flash_bytes < 1400
    assert firmware.image_ram_bytes == 3200
    assert firmware.instructions is None
    assert "arduino-cli" in firmware.compiler
    assert "arduino:mbed_nano (4.4.1)" in firmware.options


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (("BOARD=mps2-an386", "ENGINE=tflm"), "ENGINE=tflm has no meaning for BOARD=mps2-an386"),
        (("BOARD=nano33ble", "LINK=semihosting"), "usb uart"),
        (("BOARD=nano33ble", "TFLM_LIBRARY=/nowhere"), "TensorFlowLite.h"),
        (("BOARD=nano33ble", "TFLM_LIBRARY=/a clone"), "a space"),
    ],
)
def test_make_refuses_what_does_not_belong_together(variables: tuple[str, ...], words: str) -> None:
    done = subprocess.run(
        ["make", "-n", "-C", str(ROOT), "RECIPE=pretrained", *variables, "firmware"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert words in done.stderr


# ---- the core's compiler flags ----
ARM = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=softfp", "-mfpu=fpv4-sp-d16", "-funsigned-char", "-Os")


@pytest.mark.parametrize("name", SKETCHES)
def test_what_needs_no_arduino_header_compiles_as_the_core_compiles_it(
    name: str, sketches: dict[str, Path], tmp_path: Path
) -> None:
    """Without a C++ library, so that nobody here has to install one."""
    cpp = ("arm-none-eabi-g++", "-std=gnu++14", "-nostdinc++", "-fno-exceptions", "-fno-rtti")
    compiled = set()
    for source in sorted((sketches[name] / "src").iterdir()):
        if source.suffix == ".h" or "Arduino.h" in source.read_text():
            continue
        flags = (*ARM, *WARNINGS, f"-isystem{TFLM_HEADERS}")
        command = {
            ".c": ("arm-none-eabi-gcc", "-std=gnu11", *flags),
            ".cpp": (*cpp, *flags),
            ".S": ("arm-none-eabi-g++", "-x", "assembler-with-cpp", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16"),
        }[source.suffix]
        run([*command, "-c", source, "-o", tmp_path / f"{source.name}.o"])
        compiled.add(source.name)
    assert {"session.c", "frame.c", "cobs.c", "crc32.c", "model_info.c"} < compiled
    assert ("engine.cpp" in compiled) == (name != "aot")


# ---- on the host: what holds for the native board holds for the sketch ----
@pytest.fixture(scope="module", params=["fake-usb", "fake-uart", "tflm", "aot"])
def image(request: pytest.FixtureRequest, sketches: dict[str, Path], mnist: Path) -> Iterator[Path]:
    """The sketch as a program. The AOT engine computes what TensorFlow Lite Micro does, the others a hash."""
    program = compile_on_host(sketches[request.param])
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "aot":
            flatbuffer = (mnist / "model.tflite").read_bytes()
            patch.setattr(fake, "fake_output", lambda data: aot_output(flatbuffer, data))
        yield program


def aot_output(flatbuffer: bytes, data: bytes) -> bytes:
    inputs = np.frombuffer(data, np.int8).reshape(1, 28, 28, 1)
    return tflm_outputs(flatbuffer, inputs).tobytes()


def test_it_says_what_it_is(image: Path, mnist: Path) -> None:
    name = image.parent.name
    with running(image) as port, opened(port) as descriptor:
        hello = HelloReply.unpack(Client(descriptor).ask(HELLO).body)
    assert hello.board == "nano33ble"
    assert hello.engine == (name if name in ("aot", "tflm") else "fake")
    assert (hello.tick_unit, hello.tick_hz) == (TickUnit.CYCLE, 64_000_000)
    assert hello.frames_in_flight == (1 if name == "uart" else 2)
    assert hello.max_body == fake.INPUT_BYTES
    expected = read_manifest(mnist / "manifest.json").sha256 if name in ("aot", "tflm") else fake.SHA256
    assert hello.sha256 == expected


def test_a_wrong_length_an_unknown_request_and_noise_are_named_and_survived(image: Path) -> None:
    with running(image) as port, opened(port) as descriptor:
        client = Client(descriptor)
        for request, code in (
            (Frame(FrameType.INFER, 1, bytes(10)), ErrorCode.WRONG_LENGTH),
            (Frame(0x33, 2, b""), ErrorCode.UNKNOWN_TYPE),
        ):
            answer = client.ask(request)
            assert (answer.type, answer.sequence, answer.body[0]) == (FrameType.ERROR, request.sequence, code)
        client.send(b"\0noise\0")
        assert client.next_frame().body[0] == ErrorCode.BAD_FRAME
        client.infer(3, bytes(fake.INPUT_BYTES))


def test_the_aot_sketch_gives_the_references_bytes(sketches: dict[str, Path], mnist: Path) -> None:
    program = compile_on_host(sketches["aot"])
    reference = read_reference(mnist / "reference.npz")
    with running(program) as port, opened(port) as descriptor:
        client = Client(descriptor)
        for index in range(200):
            answer = client.ask(Frame(FrameType.INFER, index, reference.inputs[index].tobytes()))
            assert answer.body[RESULT_HEADER.size :] == reference.outputs[index].tobytes()


# ---- what it does to the chip ----
@contextmanager
def traced(program: Path, trace: Path) -> Iterator[Client]:
    environment = {**os.environ, "SKETCH_TRACE": str(trace)}
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            with opened(process.stdout.readline().split()[1]) as descriptor:
                yield Client(descriptor)
        finally:
            process.send_signal(signal.SIGTERM)


def lights(trace: Path) -> list[str]:
    """The colours that the light showed, one after another; every change goes through all three pins."""
    words = [line.split() for line in trace.read_text().splitlines()]
    states = [(name, value) for what, name, value in words if what == "light"]
    changes = [states[index : index + 3] for index in range(0, len(states), 3)]
    return [",".join(name for name, value in change if value == "1") for change in changes]


def test_the_light_says_waiting_computing_and_failed(sketches: dict[str, Path], tmp_path: Path) -> None:
    program, trace = compile_on_host(sketches["fake-usb"]), tmp_path / "trace"
    with traced(program, trace) as client:
        client.ask(Frame(FrameType.INFER, 1, bytes(fake.INPUT_BYTES)))
        assert lights(trace) == ["green", "blue", "green"]
        client.ask(Frame(FrameType.INFER, 2, fake.REFUSED))
        assert lights(trace)[3:] == ["blue", "red"]


@pytest.mark.parametrize(("name", "port"), [("fake-usb", "usb"), ("fake-uart", "uart")])
def test_the_flash_cache_is_on_before_the_line_opens(
    name: str, port: str, sketches: dict[str, Path], tmp_path: Path
) -> None:
    program, trace = compile_on_host(sketches[name]), tmp_path / "trace"
    with traced(program, trace) as client:
        client.ask(HELLO)
    lines = trace.read_text().splitlines()
    assert lines[:2] == [f"begin {port} 115200", "register ICACHECNF 1"]
