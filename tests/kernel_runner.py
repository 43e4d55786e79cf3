"""Calls single kernels with parameters chosen at run time: one compilation for any number of examples."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codegen.aot.plan import Plan
from codegen.aot.step import Constant, Step, Value
from tests.c_build import RUNNERS, compile_c

KERNELS = {"conv_2d": 0, "fully_connected": 1, "max_pool_2d": 2, "softmax": 3}  # as in tests/c/kernels.c


class KernelRunner:
    """The program tests/c/kernels.c, compiled under AddressSanitizer and UBSan, waiting for requests."""

    def __init__(self, folder: Path) -> None:
        program = compile_c([RUNNERS / "kernels.c"], folder / "kernels")
        self._errors = folder / "stderr.txt"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )

    def close(self) -> None:
        self._process.communicate(timeout=10)

    def run(self, plan: Plan, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """The outputs (N, output bytes) of a plan for inputs (N, input bytes)."""
        return np.array([np.frombuffer(self._run_one(plan, row.tobytes()), np.int8) for row in inputs])

    def _run_one(self, plan: Plan, data: bytes) -> bytes:
        values = {plan.model.input.index: data}
        for layer in plan.layers:
            if isinstance(layer, Step):
                output_bytes = plan.model.tensors[layer.output].bytes
                values[layer.output] = self._call(layer, values[layer.input], output_bytes)
            else:
                values[layer.output] = values[layer.input]
        return values[plan.model.output.index]

    def _call(self, step: Step, data: bytes, output_bytes: int) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = _integer(KERNELS[step.kernel]) + _packed(step.parameters) + _integer(output_bytes)
        try:
            self._process.stdin.write(request + _array(data))
            self._process.stdin.flush()
            output = self._process.stdout.read(output_bytes)
        except BrokenPipeError:
            output = b""
        if len(output) != output_bytes:
            raise AssertionError(f"{step.kernel} failed: {self._errors.read_text(errors='replace')[-4000:]}")
        return output


def _integer(value: int) -> bytes:
    return value.to_bytes(4, "little", signed=True)


def _array(data: bytes) -> bytes:
    return _integer(len(data)) + data


def _packed(value: Value) -> bytes:
    if value is None:
        return _integer(-1)
    if isinstance(value, Constant):
        return _array(value.values.tobytes())
    if isinstance(value, Mapping):
        return b"".join(_packed(inner) for inner in value.values())
    assert isinstance(value, int), "only portable kernels run here"
    return _integer(value)
