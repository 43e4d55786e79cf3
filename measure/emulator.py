"""Running the bare image on an emulated board, and watching every instruction of it."""

import re
import struct
import subprocess
import tempfile
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from contract.boards import DEFAULT, Board
from contract.errors import UserError
from measure.tools import missing, run

EMULATOR = "qemu-system-arm"
# With -icount shift=0 an executed instruction is a nanosecond of the emulated time, always the same.
_ARGUMENTS = (
    *("-icount", "shift=0", "-display", "none", "-monitor", "none", "-serial", "none"),
    *("-semihosting-config", "enable=on,target=native"),
)
_FIGURES = struct.Struct("<IIQ")  # struct figures of firmware/boards/cortex_m/bare.c

# What QEMU logs with -d exec,nochain,in_asm: the instructions of a block when it is translated, a line each
# time the block runs, and a line where that last one was stopped before its first instruction.
_EVENT = re.compile(
    rb"^(?:0x([0-9a-f]+):|Trace \d+: (0x[0-9a-f]+) \[[0-9a-f]+/([0-9a-f]+)/|(Stopped execution))",
    re.MULTILINE,
)
_BLOCK_BYTES = 1 << 22


def command_of(board: Board) -> list[str]:
    """How the emulator of `board` is started, without an image. UserError where it has none."""
    if board.emulator is None:
        raise UserError(f"{board.name} is not emulated; choose a board that is, such as {DEFAULT}")
    return [EMULATOR, "-M", board.emulator.machine, *_ARGUMENTS]


@dataclass(frozen=True)
class Run:
    """What the bare image wrote."""

    outputs: NDArray[np.int8]  # (N, bytes of an output)
    instructions: float  # executed an inference, the mean over the inputs
    stack_bytes: int  # the deepest the stack has been


def run_bare(image: Path, inputs: NDArray[Any], board: Board) -> Run:
    """Run bare.elf over `inputs` (N, ...). UserError where the emulator or the image fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs.tofile(folder / "inputs.bin")
        run([*command_of(board), "-kernel", str(image.resolve())], folder=folder)
        return _read_run(folder, len(inputs), image)


def _read_run(folder: Path, inputs: int, image: Path) -> Run:
    try:
        count, stack_bytes, instructions = _FIGURES.unpack((folder / "figures.bin").read_bytes())
    except (OSError, struct.error) as error:
        raise UserError(f"{image} ended without figures.bin; build it with make -C firmware bare") from error
    if count != inputs:
        raise UserError(f"{image} answered {count} of {inputs} inputs; is it the image of another model?")
    outputs = np.fromfile(folder / "outputs.bin", np.int8).reshape(inputs, -1)
    if instructions == 0:
        raise UserError(f"{image} counted no instructions; check timer and timer_hz of its board.json")
    return Run(outputs, instructions / inputs, stack_bytes)


def trace_bare(image: Path, one_input: NDArray[Any], board: Board) -> NDArray[np.uint32]:
    """The address of every instruction that bare.elf executes for one input, in order.

    It begins with the start-up, whose blocks QEMU begins again where they touch a peripheral, so that some of
    its instructions stand there twice; from engine_invoke on each stands there as often as it was executed.
    """
    with tempfile.TemporaryDirectory() as name:
        one_input.tofile(Path(name) / "inputs.bin")
        log = ("-d", "exec,nochain,in_asm", "-D", "/dev/stdout")
        command = [*command_of(board), *log, "-kernel", str(image.resolve())]
        try:
            process = subprocess.Popen(command, cwd=name, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        except FileNotFoundError as error:
            raise missing(EMULATOR) from error
        with process:
            assert process.stdout is not None
            addresses = read_log(process.stdout)
        if process.returncode:
            raise UserError(f"{image} failed in the emulator with exit code {process.returncode}")
        return addresses


def read_log(log: IO[bytes]) -> NDArray[np.uint32]:
    """The address of each executed instruction, from QEMU's log of translated and executed blocks."""
    blocks: list[list[int]] = []  # the addresses of each translated block
    number: dict[bytes, int] = {}  # of the block that lies at a host address now
    translated: list[int] = []
    executed = array("I")
    rest = b""
    while text := log.read(_BLOCK_BYTES):
        lines, newline, rest = (rest + text).rpartition(b"\n")
        for address, host, start, stopped in _EVENT.findall(lines + newline):
            if address:
                translated.append(int(address, 16))
            elif stopped:
                executed.pop()
            else:
                if translated:
                    number[host] = len(blocks)
                    blocks.append(translated)
                    translated = []
                block = number.get(host)
                if block is None or blocks[block][0] != int(start, 16):
                    raise UserError("QEMU's execution log is not as expected; version 7.2 is known to work")
                executed.append(block)
    return _expand(blocks, np.array(executed, np.intp))


def _expand(blocks: list[list[int]], executed: NDArray[np.intp]) -> NDArray[np.uint32]:
    """The addresses of the executed blocks, one block after the other."""
    if not len(executed):
        return np.empty(0, np.uint32)
    lengths = np.array([len(block) for block in blocks], np.intp)
    starts = np.cumsum(lengths) - lengths
    count = lengths[executed]
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    flat = np.array([address for block in blocks for address in block], np.uint32)
    addresses: NDArray[np.uint32] = flat[np.repeat(starts[executed], count) + within]
    return addresses
