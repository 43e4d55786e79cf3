"""Prints the constants and the inference of a plan as <name>.c."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codegen.aot import describe
from codegen.aot.call import Alias, Assembly, Constant, KernelCall, Value
from codegen.aot.plan import Plan
from codegen.aot.schedule.arena import ALIGNMENT
from codegen.aot.schedule.lifetimes import variables_of
from codegen.c_source import GENERATED, INDENT, comment, float_literal, integer, integer_rows, wrapped
from codegen.names import Identifiers
from contract.c_interface import ENGINE_PREFIX, FIRMWARE, Interface
from contract.graph import Tensor

ON_CORTEX_M4 = f"{ENGINE_PREFIX.upper()}ON_CORTEX_M4"


def assembly_file(interface: Interface) -> str:
    """What the file with the functions in assembly is called."""
    return f"{interface.name}_kernels.S"


@dataclass(frozen=True)
class Names:
    """What things are called in C."""

    buffers: list[str]  # those of the arena
    parts: dict[Constant | Assembly, str]
    parameters: dict[int, str]  # the struct of each kernel call, by the call's position
    operands: dict[int, str]  # constants that kernels read as activations, by tensor index


def claim_names(plan: Plan, identifiers: Identifiers, interface: Interface = FIRMWARE) -> Names:
    """The names of everything that is called after a layer: none is the layer's bare name, which could be a
    function of the C library. Functions in assembly, which the linker sees, begin with the model's name."""
    shared: dict[str, str] = {}

    def part_name(call: KernelCall, part: Constant | Assembly) -> str:
        if isinstance(part, Constant):
            return identifiers.claim(f"{plan.layer_of(call)}_{part.suffix}")
        if not part.shared:
            return identifiers.claim(f"{interface.name}_{plan.layer_of(call)}_{part.suffix}")
        if part.shared_name not in shared:
            shared[part.shared_name] = identifiers.claim(f"{interface.name}_{part.shared_name}")
        return shared[part.shared_name]

    return Names(
        [identifiers.claim(buffer.name) for buffer in plan.arena.buffers],
        {part: part_name(call, part) for call in plan.kernel_calls for part in call.parts},
        {
            position: identifiers.claim(f"{plan.layer_of(call)}_parameters")
            for position, call in enumerate(plan.calls)
            if isinstance(call, KernelCall)
        },
        {tensor.index: identifiers.claim(f"tensor_{tensor.index}") for tensor in plan.constant_operands},
    )


def model_source(
    plan: Plan, name: str, names: Names, interface: Interface = FIRMWARE
) -> tuple[str, dict[int, int]]:
    """The text of the file, and the line of each kernel call in it, by the call's position."""
    headers = sorted({call.header for call in plan.kernel_calls})
    emitter = _Emitter(plan, names, interface)
    layers = (
        emitter.layer(position, call)
        for position, call in enumerate(plan.calls)
        if isinstance(call, KernelCall)
    )
    before = "\n\n".join(
        [
            comment([f"Model {name}: constants, and one inference.", GENERATED]),
            "\n".join(
                [
                    f'#include "{interface.name}.h"',
                    "",
                    "#include <string.h>",
                    "",
                    *(f'#include "{interface.folder}{one}"' for one in headers),
                ]
            ),
            *(_operand(tensor, names.operands[tensor.index]) for tensor in plan.constant_operands),
            *layers,
            _arena(plan, names.buffers, interface),
        ]
    )
    invoke, places = emitter.invoke()
    first = before.count("\n") + 2  # the first line of the function
    text = "\n".join([before, "\n\n".join([invoke, *emitter.state(), *emitter.access()])])
    return text + "\n", {position: first + line for position, line in places.items()}


def _arena(plan: Plan, names: list[str], interface: Interface) -> str:
    """Where each buffer lies, as a comment; and the arena, where instances have none."""
    rows = [("offset", "bytes", "buffer", "written by", "last read by")]
    ends = ["the caller", *(plan.layer_of(call) for call in plan.calls), "the caller"]
    outside = {plan.buffer_of[index] for index in plan.model.inputs}
    for index, (buffer, place) in enumerate(zip(plan.arena.buffers, plan.arena.places, strict=True)):
        from_outside = index in outside
        writer = "the caller" if from_outside else ends[buffer.first + 1]
        rows.append((str(place), str(buffer.bytes), names[index], writer, ends[buffer.last + 1]))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    table = [
        "  "
        + "  ".join(
            cell.rjust(width) if column < 2 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    about = comment(["Every activation has its place in the arena while it is needed.", "", *table])
    if interface.instances:
        return about
    return f"{about}\nstatic _Alignas({ALIGNMENT}) int8_t arena[{interface.upper}_ARENA_BYTES];\n"


def _operand(tensor: Tensor, name: str) -> str:
    """A constant tensor that a kernel reads as it reads an activation."""
    about = comment([describe.tensor(name, tensor).strip()])
    values = np.ascontiguousarray(tensor.values).view(np.int8)
    rows = integer_rows(values.ravel())
    return f"{about}\nstatic const int8_t {name}[{values.size}] = {{\n{rows}\n}};"


@dataclass(frozen=True)
class _Emitter:
    """Prints what refers to names."""

    plan: Plan
    names: Names
    interface: Interface

    def layer(self, position: int, call: KernelCall) -> str:
        """The comment, the constants, the functions and the parameters of one call."""
        layers = " + ".join(self.plan.layers[operator.index] for operator in call.operators)
        parts = [comment([f"{layers}: {call.description[0]}", *call.description[1:]])]
        for constant in call.constants:
            # Kernels walk through arrays by a pointer, so an array has one dimension in C.
            alignment = "_Alignas(4) " if constant.word_aligned else ""
            parts.append(
                f"static const {alignment}{constant.c_type} {self.names.parts[constant]}"
                f"[{constant.values.size}] = {{\n{integer_rows(constant.values, constant.rows)}\n}};"
            )
        if call.assembly:
            parts.append(comment([f"In {assembly_file(self.interface)}, for a Cortex-M4."]))
        parts.extend(
            f"{self.interface.of_engine(function.macro)} {self.names.parts[function]};"
            for function in call.assembly
        )
        function = self.interface.of_engine(call.function)
        fields = self._fields(call.parameters, INDENT)
        parts.append(f"static const struct {function} {self.names.parameters[position]} = {{\n{fields}\n}};")
        return "\n".join(parts)

    def _fields(self, parameters: Mapping[str, Value], indent: str) -> str:
        return "\n".join(
            f"{indent}.{name} = {self._value(value, indent)}," for name, value in parameters.items()
        )

    def _value(self, value: Value, indent: str) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, Constant):
            return self.names.parts[value]
        if isinstance(value, Assembly):
            return f"{self.interface.of_engine(ON_CORTEX_M4)}({self.names.parts[value]})"
        if isinstance(value, Mapping):
            return f"{{\n{self._fields(value, indent + INDENT)}\n{indent}}}"
        return float_literal(value) if isinstance(value, float) else integer(value)

    def invoke(self) -> tuple[str, dict[int, int]]:
        """The inference, and the line in it (from 0) of each kernel call, by the call's position."""
        plan, buffers = self.plan, self.names.buffers
        calls: list[str] = []
        places: dict[int, int] = {}
        used: set[int] = set()
        for position, call in enumerate(plan.calls):
            if isinstance(call, Alias):
                about = [f"{plan.layer_of(call)}: {call.description[0]}", *call.description[1:]]
                calls.extend(INDENT + line for line in comment(about).splitlines())
                continue
            arguments = [f"&{self.names.parameters[position]}"]
            for index in (*call.inputs, *call.outputs):
                constant = self.names.operands.get(index)
                if constant is None:
                    used.add(plan.buffer_of[index])
                    constant = buffers[plan.buffer_of[index]]
                arguments.append(constant)
            if call.scratch:
                used.add(plan.scratch_of[position])
                arguments.append(buffers[plan.scratch_of[position]])
            places[position] = len(calls)
            calls.append(f"{INDENT}{self.interface.of_engine(call.function)}({', '.join(arguments)});")
        memory = self.interface.memory
        pointers = [
            f"{INDENT}int8_t *const {buffers[index]} = {memory} + {place};"
            for index, place in enumerate(plan.arena.places)
            if index in used
        ]
        name = self.interface.name
        if self.interface.inspected:
            return self._stepped(pointers, [line for line in calls if "(&" in line]), places
        before = [f"void {name}_invoke({self.interface.parameters()}) {{"]
        before += [*pointers, ""] if pointers else self._unused
        return "\n".join([*before, *calls, "}"]), {
            position: len(before) + line for position, line in places.items()
        }

    def _stepped(self, pointers: Sequence[str], calls: Sequence[str]) -> str:
        """The inference as a function for each call, and as a loop over them."""
        name = self.interface.name
        cases = [
            f"{INDENT * 2}case {step}:\n{INDENT * 2}{line}\n{INDENT * 3}break;"
            for step, line in enumerate(calls)
        ]
        body = "\n".join([*pointers, "", f"{INDENT}switch (call) {{", *cases])
        return (
            f"void {name}_step(uint32_t call) {{\n{body}\n{INDENT * 2}default:\n{INDENT * 3}break;\n"
            f"{INDENT}}}\n}}\n\n"
            f"void {name}_invoke(void) {{\n"
            f"{INDENT}for (uint32_t call = 0; call != {self.interface.upper}_CALLS; call++) {{\n"
            f"{INDENT * 2}{name}_step(call);\n{INDENT}}}\n}}\n\n"
            f"const int8_t *{name}_memory(void) {{\n{INDENT}return arena;\n}}"
        )

    @property
    def _unused(self) -> list[str]:
        """The body of a function that does nothing to its instance."""
        return [f"{INDENT}(void)net;"] if self.interface.instances else []

    def state(self) -> list[str]:
        """What makes an instance ready, and what puts its state back; before that the first values of
        variables that do not begin with one byte everywhere."""
        name, parameters = self.interface.name, self.interface.parameters()
        parts, lines = [], []
        for tensor in variables_of(self.plan.model):
            buffer = self.plan.buffer_of[tensor.index]
            place = f"{self.interface.memory} + {self.plan.arena.places[buffer]}"
            zero_point = tensor.quantization.zero_points[0] if tensor.quantization else 0
            first = np.frombuffer(tensor.initial or bytes([zero_point & 0xFF]), np.int8)
            if len(set(first.tolist())) == 1:
                lines.append(f"{INDENT}memset({place}, {first[0]}, {tensor.bytes});")
            else:
                values, rows = f"{self.names.buffers[buffer]}_first", integer_rows(first)
                parts.append(f"static const int8_t {values}[{len(first)}] = {{\n{rows}\n}};")
                lines.append(f"{INDENT}memcpy({place}, {values}, {tensor.bytes});")
        ready = self._unused
        if lines:
            parts.append("\n".join([f"void {name}_reset({parameters}) {{", *lines, "}"]))
            ready = [f"{INDENT}{name}_reset({self.interface.arguments()});"]
        return [*parts, "\n".join([f"void {name}_init({parameters}) {{", *ready, "}"])]

    def access(self) -> list[str]:
        """The functions that find inputs and outputs."""
        name, memory = self.interface.name, self.interface.memory

        def function(what: str, const: bool, indices: Sequence[int]) -> str:
            kind, parameters = (
                "const int8_t" if const else "int8_t",
                self.interface.parameters("int index", const=const),
            )
            head = f"{kind} *{name}_{what}({parameters}) {{"
            places = [str(self.plan.arena.places[self.plan.buffer_of[index]]) for index in indices]
            if len(places) == 1:
                return f"{head}\n{INDENT}(void)index;\n{INDENT}return {memory} + {places[0]};\n}}"
            return (
                f"{head}\n{INDENT}static const int32_t places[] = {{\n{wrapped(places, 2 * INDENT)}\n"
                f"{INDENT}}};\n{INDENT}return {memory} + places[index];\n}}"
            )

        model = self.plan.model
        return [function("input", False, model.inputs), function("output", True, model.outputs)]
