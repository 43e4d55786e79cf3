"""Prints a plan as model.h and model.c."""

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.aot import describe
from codegen.aot.plan import Plan
from codegen.aot.step import Assembly, Constant, Step, Value
from codegen.c_source import GENERATED, INDENT, comment, integer, integer_rows
from codegen.names import Identifiers
from contract.graph import Tensor

# What model.c and the kernel headers define at file scope: names that no layer may have.
# fmt: off
KERNEL_NAMES = (
    "arena", "clip_window", "conv_2d_dual_int8", "conv_2d_int8", "conv_2d_window",
    "conv_pool_packed_int8", "dense_add_halves", "dense_pairs", "dense_sum", "divide_by_power_of_two",
    "dual_copy", "dual_fill", "dual_greatest", "dual_patch", "dual_pixels", "dual_pooled", "dual_window",
    "even_bytes", "fully_connected_dual_int8", "fully_connected_int8", "halves", "high_multiply",
    "load_word", "max_pool_2d_int8", "model_input", "model_invoke", "model_output", "multiply_add_halves",
    "multiply_high_add", "odd_bytes", "packed_blocks", "packed_direct_stream", "packed_expand",
    "packed_expand_filter", "packed_fast_stream", "packed_fields", "packed_fill", "packed_filter",
    "packed_greater", "packed_multiply", "packed_pad", "packed_pair", "packed_part", "packed_position",
    "packed_prepare", "packed_rows", "packed_rows_of_block", "packed_shape", "packed_steps",
    "packed_stream", "packed_unit", "requantize", "requantize_one_step", "saturate_int8", "softmax_exp",
    "softmax_exp_near_zero", "softmax_factor", "softmax_int8", "softmax_quantized", "softmax_reciprocal",
    "softmax_row", "softmax_shift_left", "softmax_table_int8", "softmax_term", "store_word",
)
# fmt: on


@dataclass(frozen=True)
class Names:
    """What things are called in C."""

    buffers: list[str]  # those of the arena
    parts: dict[Constant | Assembly, str]


def claim_names(plan: Plan, identifiers: Identifiers) -> Names:
    """The names of everything at file scope; `identifiers` has handed out those of the layers."""
    return Names(
        [identifiers.claim(buffer.name) for buffer in plan.arena.buffers],
        {
            part: identifiers.claim(f"{step.layer}_{part.suffix}")
            for step in plan.steps
            for part in step.parts
        },
    )


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


def model_source(plan: Plan, name: str, names: Names) -> str:
    """The text of model.c."""
    buffers = names.buffers
    headers = sorted({step.header for step in plan.steps})
    parts = [
        comment([f"Model {name}: constants, arena and one inference.", GENERATED]),
        "\n".join(f'#include "{header}"' for header in ["model.h", *headers]),
        _arena(plan, buffers),
        *(_layer(step, names.parts) for step in plan.steps),
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


def _layer(step: Step, names: Mapping[Constant | Assembly, str]) -> str:
    """The comment, the constants, the functions and the parameters of one step."""
    parts = [comment([f"{step.layer}: {step.description[0]}", *step.description[1:]])]
    for constant in step.constants:
        dimensions = "".join(f"[{size}]" for size in _dimensions(constant))
        alignment = "_Alignas(4) " if constant.word_aligned else ""
        parts.append(
            f"static const {alignment}{constant.c_type} {names[constant]}{dimensions} = {{\n"
            f"{integer_rows(constant.values, constant.rows)}\n}};"
        )
    if step.assembly:
        parts.append(comment(["In model_kernels.S, for a Cortex-M4."]))
    parts.extend(f"{function.macro} {names[function]};" for function in step.assembly)
    fields = _fields(step.parameters, names, INDENT)
    parts.append(f"static const struct {step.kernel} {step.layer} = {{\n{fields}\n}};")
    return "\n".join(parts)


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
        return f"ON_CORTEX_M4({names[value]})"
    if isinstance(value, Mapping):
        return f"{{\n{_fields(value, names, indent + INDENT)}\n{indent}}}"
    return integer(value)


def _invoke(plan: Plan, names: list[str]) -> str:
    lines = []
    for layer in plan.layers:
        if isinstance(layer, Step):
            buffers = [plan.buffer_of[layer.input], plan.buffer_of[layer.output]]
            if layer.scratch:
                buffers.append(plan.scratch_of[layer.layer])
            arguments = ", ".join([f"&{layer.layer}", *(names[buffer] for buffer in buffers)])
            fused = f" /* and {', '.join(layer.fused)} */" if layer.fused else ""
            lines.append(f"{layer.kernel}_int8({arguments});{fused}")
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
