"""Compiles generated C with the host compiler, under sanitizers, and runs it over a batch of inputs."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
ENGINE = FIRMWARE / "engines" / "aot"
RUNNERS = ROOT / "tests" / "c"

WARNINGS = ("-Wall", "-Wextra", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
INCLUDES = (f"-I{FIRMWARE}", f"-I{ENGINE}")


def compile_c(
    sources: Sequence[Path],
    target: Path,
    flags: Sequence[str] = ("-std=c11", "-O1", "-g", *SANITIZERS),
    compiler: str = "gcc",
) -> Path:
    """Compile (and, without -c among the flags, link) `sources` to `target`; what the compiler says on an
    error becomes the AssertionError's text."""
    command = [compiler, *WARNINGS, *flags, *INCLUDES, "-o", str(target), *map(str, sources)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stderr}"
    return target


def run_c(program: Path, stdin: bytes) -> bytes:
    """The standard output of `program`. An AssertionError carries what a sanitizer says."""
    result = subprocess.run([str(program)], input=stdin, capture_output=True, timeout=120)
    assert result.returncode == 0, result.stderr.decode("utf-8", "replace")[-4000:]
    return result.stdout


def build_model(generated: Path, flags: Sequence[str] = ("-O1", "-g", *SANITIZERS)) -> Path:
    """Compile the generated AOT sources in the folder `generated` with the engine, to run with `infer`."""
    sources = [generated / "model.c", generated / "model_info.c", ENGINE / "engine.c", RUNNERS / "infer.c"]
    return compile_c(sources, generated / "infer", (f"-I{generated}", "-std=c11", *flags))


def infer(program: Path, inputs: NDArray[np.int8], output_bytes: int) -> NDArray[np.int8]:
    """The outputs (N, output_bytes) for inputs (N, ...)."""
    output = run_c(program, np.ascontiguousarray(inputs).tobytes())
    return np.frombuffer(output, np.int8).reshape(len(inputs), output_bytes)
