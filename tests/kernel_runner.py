"""Calls single kernels with parameters chosen at run time: one compilation a kernel, for any number of
examples.

The program for a kernel is written from the fields of its call, so a new kernel needs nothing here.
"""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codegen.aot.call import Alias, Assembly, Constant, KernelCall, Value
from codegen.aot.plan import Plan
from codegen.aot.schedule.lifetimes import variables_of
from tests.c_build import RUNNERS, compile_c


class KernelRunner:
    """Programs compiled under AddressSanitizer and UBSan, one a kernel, each waiting for requests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs: dict[str, subprocess.Popen[bytes]] = {}  # by their source

    def close(self) -> None:
        for program in self._programs.values():
            program.communicate(timeout=10)

    def run(self, plan: Plan, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """The outputs (N, output bytes) of a plan for inputs (N, input bytes)."""
        model = plan.model
        values = {tensor.index: tensor.values.tobytes() for tensor in plan.constant_operands}
        for tensor in variables_of(model):
            zero_point = tensor.quantization.zero_point if tensor.quantization else 0
            values[tensor.index] = tensor.initial or bytes([zero_point & 0xFF]) * tensor.bytes
        return np.array(
            [np.frombuffer(self._run_one(plan, row.tobytes(), values), np.int8) for row in inputs]
        )

    def _run_one(self, plan: Plan, data: bytes, values: dict[int, bytes]) -> bytes:
        """One inference; `values` are the constants and variables by tensor index, which stay."""
        for index in plan.model.inputs:
            size = plan.model.tensors[index].bytes
            values[index], data = data[:size], data[size:]
        for call in plan.calls:
            if isinstance(call, Alias):
                values[call.outputs[0]] = values[call.inputs[0]]
                continue
            # What a call leaves as it was came from a call before it, or is garbage.
            before = [values.get(index, b"\xaa" * plan.model.tensors[index].bytes) for index in call.outputs]
            outputs = self._call(call, [values[index] for index in call.inputs], before)
            values.update(zip(call.outputs, outputs, strict=True))
        return b"".join(values[index] for index in plan.model.outputs)

    def _call(self, call: KernelCall, inputs: list[bytes], before: list[bytes]) -> Iterator[bytes]:
        sizes = [len(data) for data in before]
        program = self._program(call)
        assert program.stdin is not None
        assert program.stdout is not None
        request = [
            _packed(call.parameters),
            *map(_array, inputs),
            *map(_array, before),
            _integer(call.scratch),
        ]
        try:
            program.stdin.write(b"".join(request))
            program.stdin.flush()
            output = program.stdout.read(sum(sizes))
        except BrokenPipeError:
            output = b""
        if len(output) != sum(sizes):
            said = (self._folder / f"{call.kernel}.stderr").read_text(errors="replace")[-4000:]
            raise AssertionError(f"{call.kernel} failed: {said}")
        for size in sizes:
            yield output[:size]
            output = output[size:]

    def _program(self, call: KernelCall) -> subprocess.Popen[bytes]:
        source = _source(call)
        if source not in self._programs:
            path = self._folder / f"{call.kernel}_{len(self._programs)}"
            path.with_suffix(".c").write_text(source)
            program = compile_c([path.with_suffix(".c")], path, COMPILE)
            with (self._folder / f"{call.kernel}.stderr").open("wb") as errors:
                self._programs[source] = subprocess.Popen(
                    [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
                )
        return self._programs[source]


COMPILE = (
    "-std=c11",
    "-O1",
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    f"-I{RUNNERS}",
)


def _source(call: KernelCall) -> str:
    """A program that reads what `_call` sends."""
    reads = "\n".join(_reads(call.parameters, "parameters"))
    inputs = [f"input_{index}" for index in range(len(call.inputs))]
    outputs = [f"output_{index}" for index in range(len(call.outputs))]
    arguments = ["&parameters", *inputs, *outputs] + (["scratch"] if call.scratch else [])
    lines = [
        *(f"        const void *{name} = read_array();" for name in inputs),
        *(
            f"        void *{name} = read_array();\n        const int32_t {name}_bytes = last_length;"
            for name in outputs
        ),
        "        const int32_t scratch_bytes = read_integer();",
        "        void *scratch = new_array(scratch_bytes);",
        "        (void)scratch;",
        f"        {call.function}({', '.join(arguments)});",
        *(f"        answer({name}, {name}_bytes);" for name in outputs),
    ]
    return f"""#include "kernel_requests.h"
#include "{call.header}"

int main(void) {{
    for (int next; (next = getc(stdin)) != EOF;) {{
        ungetc(next, stdin);
        struct {call.function} parameters = {{0}};
{reads}
{chr(10).join(lines)}
        end_request();
    }}
    return 0;
}}
"""


def _reads(value: Value, place: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _reads(inner, f"{place}.{name}")
    elif isinstance(value, float):
        yield f"        {place} = read_float();"
    elif isinstance(value, int):
        yield f"        {place} = read_integer();"
    elif not isinstance(value, Assembly):  # which stays NULL: the portable definition runs
        yield f"        {place} = read_array();"


def _integer(value: int) -> bytes:
    return value.to_bytes(4, "little", signed=True)


def _array(data: bytes) -> bytes:
    return _integer(len(data)) + data


def _packed(value: Value) -> bytes:
    if isinstance(value, Assembly):
        return b""
    if value is None:
        return _integer(-1)
    if isinstance(value, Constant):
        return _array(value.values.tobytes())
    if isinstance(value, Mapping):
        return b"".join(_packed(inner) for inner in value.values())
    return np.float32(value).tobytes() if isinstance(value, float) else _integer(value)
