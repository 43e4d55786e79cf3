"""Running the ruler's image on the emulated Cortex-M4F, and watching every instruction of it."""

import re
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from bench.tools import missing, run
from contract.errors import UserError

EMULATOR = "qemu-system-arm"
# With -icount shift=0 an executed instruction is a nanosecond of the emulated time, always the same.
_ARGUMENTS = (
    *("-M", "mps2-an386", "-icount", "shift=0", "-display", "none", "-monitor", "none", "-serial", "none"),
    *("-semihosting-config", "enable=on,target=native"),
)
_RULER = struct.Struct("<IIQ")  # struct ruler of firmware/boards/qemu/bare.c

# "Trace 0: 0x7f6b2c000100 [00800400/00000abc/00000110/ff000201] name": the second field is the address.
_ADDRESS = re.compile(rb"\[[0-9a-f]{8}/([0-9a-f]{8})/")
_BLOCK_BYTES = 1 << 22


@dataclass(frozen=True)
class Run:
    """What the ruler's image wrote."""

    outputs: NDArray[np.int8]  # (N, bytes of an output)
    instructions: float  # executed an inference, the mean over the inputs
    stack_bytes: int  # the deepest the stack has been


def run_bare(image: Path, inputs: NDArray[np.int8]) -> Run:
    """Run bare.elf over `inputs` (N, ...). UserError where the emulator or the image fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs.tofile(folder / "inputs.bin")
        run([EMULATOR, *_ARGUMENTS, "-kernel", str(image.resolve())], folder=folder)
        return _read_run(folder, len(inputs), image)


def _read_run(folder: Path, inputs: int, image: Path) -> Run:
    try:
        count, stack_bytes, instructions = _RULER.unpack((folder / "ruler.bin").read_bytes())
    except (OSError, struct.error) as error:
        raise UserError(f"{image} ended without ruler.bin; build it with make -C firmware bare") from error
    if count != inputs:
        raise UserError(f"{image} answered {count} of {inputs} inputs; is it the image of another model?")
    outputs = np.fromfile(folder / "outputs.bin", np.int8).reshape(inputs, -1)
    return Run(outputs, instructions / inputs, stack_bytes)


def trace_bare(image: Path, one_input: NDArray[np.int8]) -> NDArray[np.uint32]:
    """The address of every instruction that bare.elf executes for one input, start-up included, in order.

    QEMU logs a line for each of them (-singlestep -d exec,nochain), some hundred thousand a second.
    """
    with tempfile.TemporaryDirectory() as name:
        one_input.tofile(Path(name) / "inputs.bin")
        log = ("-singlestep", "-d", "exec,nochain", "-D", "/dev/stdout")
        command = [EMULATOR, *_ARGUMENTS, *log, "-kernel", str(image.resolve())]
        try:
            process = subprocess.Popen(command, cwd=name, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        except FileNotFoundError as error:
            raise missing(EMULATOR) from error
        with process:
            assert process.stdout is not None
            addresses = read_log(process.stdout)
        if process.returncode:
            raise UserError(f"{image} failed in the emulator with exit code {process.returncode}")
        # Once in 65,536 instructions the counter runs out before one is executed; QEMU then logs it twice.
        return addresses[np.flatnonzero(np.diff(addresses, append=0))]


def read_log(log: IO[bytes]) -> NDArray[np.uint32]:
    """The addresses in QEMU's execution log, read to its end."""
    parts = []
    rest = b""
    while block := log.read(_BLOCK_BYTES):
        lines, _, rest = (rest + block).rpartition(b"\n")
        parts.append(_hexadecimal(b"".join(_ADDRESS.findall(lines))))
    return np.concatenate(parts) if parts else np.empty(0, np.uint32)


def _hexadecimal(digits: bytes) -> NDArray[np.uint32]:
    """Numbers of eight lower-case hexadecimal digits each."""
    characters = np.frombuffer(digits, np.uint8).reshape(-1, 8)
    values = np.where(characters >= ord("a"), characters - (ord("a") - 10), characters - ord("0"))
    return values.astype(np.uint32) @ (16 ** np.arange(7, -1, -1)).astype(np.uint32)
