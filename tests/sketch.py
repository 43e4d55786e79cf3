"""Puts the Arduino sketch together as make does, and compiles it for the host with tests/arduino_headers."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from contract.boards import board, header
from tests.c_build import FIRMWARE, ROOT, SANITIZERS, WARNINGS

ARDUINO_HEADERS = ROOT / "tests" / "arduino_headers"
TFLM_HEADERS = ROOT / "tests" / "tflm_headers"
PTY_NAMES = tuple(
    f"-Dboard_{name}=pty_{name}" for name in ("info", "start", "read", "write", "ticks", "show")
)


def assemble(generated: Path, out: Path, *variables: str) -> subprocess.CompletedProcess[str]:
    """Run `make -C firmware BOARD=nano33ble` on a machine without arduino-cli: the sketch is put together."""
    command = ["make", "-C", str(FIRMWARE), "BOARD=nano33ble", f"GENERATED={generated}", f"OUT={out}"]
    return subprocess.run(
        [*command, *variables], capture_output=True, text=True, timeout=60, env=without_arduino_cli()
    )


def without_arduino_cli() -> dict[str, str]:
    """The environment, without the folders of PATH that hold arduino-cli."""
    folders = os.environ["PATH"].split(os.pathsep)
    kept = [folder for folder in folders if not (Path(folder) / "arduino-cli").exists()]
    return {**os.environ, "PATH": os.pathsep.join(kept)}


def assembled(generated: Path, out: Path, *variables: str) -> Path:
    """The folder of a sketch that `assemble` put together."""
    done = assemble(generated, out, *variables)
    sketch = out / "nano33ble"
    assert (sketch / "sketch.yaml").is_file(), done.stderr
    return sketch


def run(command: Sequence[str | Path]) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stderr}"


def compile_on_host(sketch: Path) -> Path:
    """The sketch as a program with a pty, under the sanitizers; TensorFlow Lite Micro is the fake one."""
    objects = sketch.parent / "objects"
    program = sketch.parent / "sketch"
    if program.exists():  # by another test of the same module
        return program
    objects.mkdir()
    common = ("-c", "-g", "-funsigned-char", *WARNINGS, *SANITIZERS)
    cpp = ("g++", "-std=gnu++14", *common, f"-isystem{ARDUINO_HEADERS}", f"-isystem{TFLM_HEADERS}")
    for source in sorted(sketch.glob("src/*.c")):
        run(["gcc", "-std=gnu11", *common, source, "-o", objects / f"{source.name}.o"])
    for source in sorted(sketch.glob("src/*.S")):
        run(["gcc", *common, source, "-o", objects / f"{source.name}.o"])
    for source in sorted(sketch.glob("src/*.cpp")):
        run([*cpp, source, "-o", objects / f"{source.name}.o"])
    # What Arduino's builder does to the .ino: a C++ file that begins with Arduino.h.
    main = sketch / f"{sketch.name}.ino"
    run([*cpp, "-include", "Arduino.h", "-x", "c++", main, "-o", objects / "ino.o"])
    run([*cpp, ARDUINO_HEADERS / "arduino.cpp", "-o", objects / "arduino.o"])
    if (sketch / "src" / "op_resolver.h").exists():
        fake = TFLM_HEADERS / "fake_interpreter.cpp"
        run([*cpp, f"-I{sketch / 'src'}", fake, "-o", objects / "fake_interpreter.o"])
    native = FIRMWARE / "boards" / "native" / "board.c"
    (objects / "board_config.h").write_text(header(board("native")))
    includes = (f"-I{FIRMWARE}", f"-I{objects}")
    run(["gcc", "-std=gnu11", *common, *PTY_NAMES, *includes, native, "-o", objects / "pty.o"])
    run(["g++", *SANITIZERS, *sorted(objects.glob("*.o")), "-o", program])
    return program
