"""Prints a plan as model.h and model.c."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from codegen.aot import describe
from codegen.aot.call import PREFIX, Alias, Assembly, Constant, KernelCall, Value
from codegen.aot.plan import Plan
from codegen.aot.schedule.lifetimes import variables_of
from codegen.c_source import GENERATED, INDENT, comment, float_literal, integer, integer_rows, wrapped
from codegen.names import Identifiers
from contract.graph import Tensor
from contract.manifest import Manifest
from contract.task import BINARY, CLASSIFICATION
from contract.tensor_names import tensor_names

ABOUT_WIDTH = 100  # characters of a line about the model

# What model.c defines at file scope besides what is called after a layer.
OWN_NAMES = ("arena", "model_input", "model_invoke", "model_output", "model_reset")


@dataclass(frozen=True)
class Names:
    """What things are called in C."""

    buffers: list[str]  # those of the arena
    parts: dict[Constant | Assembly, str]
    parameters: dict[int, str]  # the struct of each kernel call, by the call's position
    operands: dict[int, str]  # constants that kernels read as activations, by tensor index


def claim_names(plan: Plan, identifiers: Identifiers) -> Names:
    """The names of everything at file scope that is called after a layer: none is the layer's bare name,
    which could be a function of the C library."""
    shared: dict[str, str] = {}

    def part_name(call: KernelCall, part: Constant | Assembly) -> str:
        if not (isinstance(part, Assembly) and part.shared):
            return identifiers.claim(f"{plan.layer_of(call)}_{part.suffix}")
        if part.shared_name not in shared:
            shared[part.shared_name] = identifiers.claim(part.shared_name)
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


def model_header(plan: Plan, name: str, manifest: Manifest | None = None) -> str:
    """The text of model.h; the manifest adds what the numbers mean."""
    model = plan.model
    inputs, outputs = (_Ends(plan, what) for what in ("input", "output"))
    about = comment(
        [
            f"Model {name} as C.",
            GENERATED,
            "",
            f"  flatbuffer {len(model.data)} bytes, SHA-256 {model.sha256}",
            *inputs.descriptions,
            *outputs.descriptions,
            *_meanings(manifest),
        ]
    )
    return f"""{about}
#ifndef THIMBLE_MODEL_H
#define THIMBLE_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

enum {{
    MODEL_INPUT_BYTES = {inputs.bytes},
    MODEL_OUTPUT_BYTES = {outputs.bytes},
    MODEL_ARENA_BYTES = {plan.arena.bytes} /* all activations, input and output among them */
}};
{inputs.indices}{outputs.indices}
{_about_reset(plan)}
void model_reset(void);

/* Where {inputs.which} goes before each model_invoke, which overwrites it.{inputs.in_bytes} */
int8_t *model_input(int index);

/* Run one inference. */
void model_invoke(void);

/* What the last model_invoke gave as {outputs.which}, valid until the next write to an
 * input.{outputs.in_bytes} */
const int8_t *model_output(int index);

#ifdef __cplusplus
}}
#endif

#endif
"""


class _Ends:
    """The inputs or the outputs of a model, for its header."""

    def __init__(self, plan: Plan, what: str) -> None:
        indices = plan.model.inputs if what == "input" else plan.model.outputs
        self._what = what
        self._names = tensor_names(plan.model, indices, what)
        self._tensors = [plan.model.tensors[index] for index in indices]

    @property
    def descriptions(self) -> list[str]:
        return [
            describe.tensor(name, tensor) for name, tensor in zip(self._names, self._tensors, strict=True)
        ]

    @property
    def bytes(self) -> int:
        return sum(tensor.bytes for tensor in self._tensors)

    @property
    def which(self) -> str:
        one = "the input (index 0)" if self._what == "input" else "its output (index 0)"
        return one if len(self._tensors) == 1 else f"the {self._what} of this index"

    @property
    def indices(self) -> str:
        """The indices of several, by their names."""
        if len(self._tensors) == 1:
            return ""
        prefix = f"MODEL_{self._what.upper()}_"
        names = [f"{INDENT}{prefix}{name.upper()}" for name in self._names]
        rows = ",\n".join(f"{name} = {index}" for index, name in enumerate(names))
        return f"enum {{\n{rows}\n}};\n"

    @property
    def in_bytes(self) -> str:
        """What an application has to know whose numbers are no int8."""
        types = sorted({tensor.type.lower() for tensor in self._tensors} - {"int8"})
        return f"\n * Bytes of {' or '.join(types)}: copy by memcpy." if types else ""


def _meanings(manifest: Manifest | None) -> list[str]:
    """How an application makes inputs and reads outputs."""
    if manifest is None:
        return []
    lines = ["", "Elements lie in C order: the last axis varies fastest."]
    if any(info.scale for info in (*manifest.inputs, *manifest.outputs)):
        lines.append("A real number is scale * (stored - zero point); it is stored as")
        lines.append("round(real / scale) + zero point, clamped to the type's range.")
    for info in manifest.inputs:
        if info.lowest is not None and info.highest is not None:
            lines.append(
                f"The training data of {info.name} went from {info.lowest:.6g} to {info.highest:.6g}."
            )
    for info, task in zip(manifest.outputs, manifest.tasks, strict=True):
        if task.kind == CLASSIFICATION:
            lines += textwrap.wrap(
                f"The highest element of {info.name} along its last axis is the class: "
                f"{', '.join(task.classes)}.",
                ABOUT_WIDTH,
            )
        elif task.kind == BINARY:
            lines.append(f"{info.name} is yes where it is above {task.cut:g}, as a real number.")
    return lines


def _about_reset(plan: Plan) -> str:
    if not variables_of(plan.model):
        return "/* Does nothing: the model has no state. */"
    return (
        "/* Put the model's state back to its beginning: before the first model_invoke, and where a new\n"
        " * sequence begins. */"
    )


def model_source(plan: Plan, name: str, names: Names) -> tuple[str, dict[int, int]]:
    """The text of model.c, and the line of each kernel call in it, by the call's position."""
    headers = sorted({call.header for call in plan.kernel_calls})
    layers = (
        _layer(plan, position, call, names)
        for position, call in enumerate(plan.calls)
        if isinstance(call, KernelCall)
    )
    before = "\n\n".join(
        [
            comment([f"Model {name}: constants, arena and one inference.", GENERATED]),
            "\n".join(
                [
                    '#include "model.h"',
                    "",
                    "#include <string.h>",
                    "",
                    *(f'#include "{one}"' for one in headers),
                ]
            ),
            _arena(plan, names.buffers),
            *(_operand(tensor, names.operands[tensor.index]) for tensor in plan.constant_operands),
            *layers,
        ]
    )
    invoke, places = _invoke(plan, names)
    first = before.count("\n") + 3  # the first line of model_invoke
    text = "\n\n".join([before, invoke, _reset(plan, names), _access(plan, names)]) + "\n"
    return text, {position: first + line for position, line in places.items()}


def _arena(plan: Plan, names: list[str]) -> str:
    """The arena, its map, and a pointer for each buffer."""
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
    pointers = (
        f"static int8_t *const {name} = arena + {place};"
        for name, place in zip(names, plan.arena.places, strict=True)
    )
    about = ["Every activation has its place in the arena while it is needed.", "", *table]
    return "\n".join([comment(about), "static _Alignas(8) int8_t arena[MODEL_ARENA_BYTES];", "", *pointers])


def _layer(plan: Plan, position: int, call: KernelCall, names: Names) -> str:
    """The comment, the constants, the functions and the parameters of one call."""
    layers = " + ".join(plan.layers[operator.index] for operator in call.operators)
    parts = [comment([f"{layers}: {call.description[0]}", *call.description[1:]])]
    for constant in call.constants:
        dimensions = "".join(f"[{size}]" for size in _dimensions(constant))
        alignment = "_Alignas(4) " if constant.word_aligned else ""
        parts.append(
            f"static const {alignment}{constant.c_type} {names.parts[constant]}{dimensions} = {{\n"
            f"{integer_rows(constant.values, constant.rows)}\n}};"
        )
    if call.assembly:
        parts.append(comment(["In model_kernels.S, for a Cortex-M4."]))
    parts.extend(f"{function.macro} {names.parts[function]};" for function in call.assembly)
    fields = _fields(call.parameters, names.parts, INDENT)
    parts.append(f"static const struct {call.function} {names.parameters[position]} = {{\n{fields}\n}};")
    return "\n".join(parts)


def _operand(tensor: Tensor, name: str) -> str:
    """A constant tensor that a kernel reads as it reads an activation."""
    about = comment([describe.tensor(name, tensor).strip()])
    values = np.ascontiguousarray(tensor.values).view(np.int8)
    rows = integer_rows(values.ravel())
    return f"{about}\nstatic const int8_t {name}[{values.size}] = {{\n{rows}\n}};"


def _dimensions(constant: Constant) -> tuple[int, ...]:
    """Kernels walk through arrays by a pointer, so an array has one dimension in C."""
    return (constant.values.size,)


def _fields(parameters: Mapping[str, Value], names: Mapping[Constant | Assembly, str], indent: str) -> str:
    return "\n".join(
        f"{indent}.{name} = {_value(value, names, indent)}," for name, value in parameters.items()
    )


def _value(value: Value, names: Mapping[Constant | Assembly, str], indent: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, Constant):
        return names[value]
    if isinstance(value, Assembly):
        return f"{PREFIX.upper()}ON_CORTEX_M4({names[value]})"
    if isinstance(value, Mapping):
        return f"{{\n{_fields(value, names, indent + INDENT)}\n{indent}}}"
    return float_literal(value) if isinstance(value, float) else integer(value)


def _invoke(plan: Plan, names: Names) -> tuple[str, dict[int, int]]:
    """model_invoke, and the line in it (from 0) of each kernel call, by the call's position."""
    lines = ["void model_invoke(void) {"]
    places = {}
    for position, call in enumerate(plan.calls):
        if isinstance(call, Alias):
            about = [f"{plan.layer_of(call)}: {call.description[0]}", *call.description[1:]]
            lines.extend(INDENT + line for line in comment(about).splitlines())
            continue
        arguments = [f"&{names.parameters[position]}"]
        for index in (*call.inputs, *call.outputs):
            constant = names.operands.get(index)
            arguments.append(names.buffers[plan.buffer_of[index]] if constant is None else constant)
        if call.scratch:
            arguments.append(names.buffers[plan.scratch_of[position]])
        places[position] = len(lines)
        lines.append(f"{INDENT}{call.function}({', '.join(arguments)});")
    return "\n".join([*lines, "}"]), places


def _reset(plan: Plan, names: Names) -> str:
    """model_reset, and the first values of variables that do not begin with one byte everywhere."""
    parts, lines = [], []
    for tensor in variables_of(plan.model):
        name = names.buffers[plan.buffer_of[tensor.index]]
        zero_point = tensor.quantization.zero_points[0] if tensor.quantization else 0
        first = np.frombuffer(tensor.initial or bytes([zero_point & 0xFF]), np.int8)
        if len(set(first.tolist())) == 1:
            lines.append(f"memset({name}, {first[0]}, {tensor.bytes});")
        else:
            rows = integer_rows(first)
            parts.append(f"static const int8_t {name}_first[{len(first)}] = {{\n{rows}\n}};\n")
            lines.append(f"memcpy({name}, {name}_first, {tensor.bytes});")
    body = "".join(f"{INDENT}{line}\n" for line in lines)
    return "".join(parts) + f"void model_reset(void) {{\n{body}}}"


def _access(plan: Plan, names: Names) -> str:
    """model_input and model_output."""

    def function(head: str, kind: str, indices: Sequence[int]) -> str:
        buffers = [names.buffers[plan.buffer_of[index]] for index in indices]
        if len(buffers) == 1:
            return f"{head}(int index) {{\n{INDENT}(void)index;\n{INDENT}return {buffers[0]};\n}}"
        return (
            f"{head}(int index) {{\n{INDENT}{kind}const all[] = {{\n{wrapped(buffers, 2 * INDENT)}\n"
            f"{INDENT}}};\n{INDENT}return all[index];\n}}"
        )

    return "\n\n".join(
        [
            function("int8_t *model_input", "int8_t *", plan.model.inputs),
            function("const int8_t *model_output", "const int8_t *", plan.model.outputs),
        ]
    )
