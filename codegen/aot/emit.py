"""Prints a plan as model.h and model.c."""

from collections.abc import Mapping

from codegen.aot import describe
from codegen.aot.plan import Plan
from codegen.aot.step import Constant, Step, Value
from codegen.c_source import GENERATED, INDENT, comment, integer, integer_rows
from codegen.names import Identifiers
from contract.flatbuffer import Tensor

# What model.c and the kernel headers define at file scope: names that no layer may have.
# fmt: off
KERNEL_NAMES = (
    "arena", "clip_window", "conv_2d_int8", "conv_2d_window", "divide_by_power_of_two",
    "fully_connected_int8", "high_multiply", "max_pool_2d_int8", "model_input", "model_invoke",
    "model_output", "requantize", "softmax_exp", "softmax_exp_near_zero", "softmax_int8",
    "softmax_reciprocal", "softmax_row", "softmax_shift_left", "softmax_term",
)
# fmt: on


def model_header(plan: Plan, name: str) -> str:
    """The text of model.h."""
    model = plan.model
    about = comment(
        [
            f"Model {name} as C.",
            GENERATED,
            "",
            f"  flatbuffer {len(model.data)} bytes, SHA-256 {model.sha256}",
            describe.tensor("input", model.input),
            describe.tensor("output", model.output),
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
    MODEL_INPUT_BYTES = {model.input.bytes},
    MODEL_OUTPUT_BYTES = {model.output.bytes},
    MODEL_ARENA_BYTES = {plan.arena.bytes} /* all activations, input and output among them */
}};

/* Where the input goes before each model_invoke, which overwrites it. */
int8_t *model_input(void);

/* Run one inference. */
void model_invoke(void);

/* The output of the last model_invoke, valid until the next write to the input. */
const int8_t *model_output(void);

#ifdef __cplusplus
}}
#endif

#endif
"""


def model_source(plan: Plan, name: str, identifiers: Identifiers) -> str:
    """The text of model.c. `identifiers` has handed out the names of the layers."""
    buffers = [identifiers.claim(buffer.name) for buffer in plan.arena.buffers]
    headers = sorted({step.header for step in plan.steps})
    parts = [
        comment([f"Model {name}: constants, arena and one inference.", GENERATED]),
        "\n".join(f'#include "{header}"' for header in ["model.h", *headers]),
        _arena(plan, buffers),
        *(_layer(plan, step, identifiers) for step in plan.steps),
        _invoke(plan, buffers),
        _access(plan, buffers),
    ]
    return "\n\n".join(parts) + "\n"


def _arena(plan: Plan, names: list[str]) -> str:
    """The arena, its map, and a pointer for each buffer."""
    rows = [("offset", "bytes", "buffer", "written by", "last read by")]
    ends = ["the caller", *(layer.layer for layer in plan.layers), "the caller"]
    for index, (buffer, place) in enumerate(zip(plan.arena.buffers, plan.arena.places, strict=True)):
        writer = "the caller" if index == 0 else ends[buffer.first + 1]
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


def _layer(plan: Plan, step: Step, identifiers: Identifiers) -> str:
    """The comment, the constants and the parameters of one step."""
    names = {constant: identifiers.claim(f"{step.layer}_{constant.suffix}") for constant in step.constants}
    parts = [comment([f"{step.layer}: {step.description[0]}", *step.description[1:]])]
    for constant, name in names.items():
        dimensions = "".join(f"[{size}]" for size in _dimensions(constant))
        parts.append(
            f"static const {constant.c_type} {name}{dimensions} = {{\n"
            f"{integer_rows(constant.values, constant.rows)}\n}};"
        )
    fields = _fields(step.parameters, names, INDENT)
    parts.append(f"static const struct {step.kernel} {step.layer} = {{\n{fields}\n}};")
    return "\n".join(parts)


def _dimensions(constant: Constant) -> tuple[int, ...]:
    """Kernels walk through arrays by a pointer, so an array has one dimension in C."""
    return (constant.values.size,)


def _fields(parameters: Mapping[str, Value], names: Mapping[Constant, str], indent: str) -> str:
    return "\n".join(
        f"{indent}.{name} = {_value(value, names, indent)}," for name, value in parameters.items()
    )


def _value(value: Value, names: Mapping[Constant, str], indent: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, Constant):
        return names[value]
    if isinstance(value, Mapping):
        return f"{{\n{_fields(value, names, indent + INDENT)}\n{indent}}}"
    return integer(value)


def _invoke(plan: Plan, names: list[str]) -> str:
    lines = []
    for layer in plan.layers:
        if isinstance(layer, Step):
            source, target = (names[plan.buffer_of[tensor]] for tensor in (layer.input, layer.output))
            lines.append(f"{layer.kernel}_int8(&{layer.layer}, {source}, {target});")
        else:
            lines.append(comment([f"{layer.layer}: {layer.description[0]}", *layer.description[1:]]))
    body = "\n".join(INDENT + line for line in lines)
    return f"void model_invoke(void) {{\n{body}\n}}"


def _access(plan: Plan, names: list[str]) -> str:
    def buffer(tensor: Tensor) -> str:
        return names[plan.buffer_of[tensor.index]]

    return f"""int8_t *model_input(void) {{
    return {buffer(plan.model.input)};
}}

const int8_t *model_output(void) {{
    return {buffer(plan.model.output)};
}}"""
