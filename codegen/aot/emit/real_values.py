"""What an application does with real numbers, classes and answers: declarations for the model's header, and
their definitions in a file of their own, which the linker drops where nobody calls them."""

import textwrap

from codegen.c_source import GENERATED, comment, float_literal, in_comment, text
from contract.c_interface import LIMITS, Edge, Interface

ABOUT_WIDTH = 96  # characters of a line about the model


def declarations(inputs: list[Edge], outputs: list[Edge], interface: Interface) -> str:
    """The part of the model's header: constants and prototypes."""
    parts = []
    for edge in inputs:
        parts.append(_constants(edge, interface))
        if edge.quantized:
            parts.append(
                "/** The stored value nearest to a real number: real / scale, rounded half to even, plus\n"
                f" *  the zero point, clamped to {edge.c_type}. */\n{_quantize_head(edge, interface)};"
            )
        if edge.real:
            parts.append(
                f"/** Store all {edge.elements:,} elements of {edge.title}, real numbers in C order."
                f"{_range(edge)} */\n{_set_head(edge, interface)};"
            )
    for edge in outputs:
        parts.append(_constants(edge, interface))
        if edge.quantized:
            parts.append(
                "/** The real number that a stored value stands for: scale * (stored - zero point). */\n"
                f"{_dequantize_head(edge, interface)};"
            )
        if edge.real:
            parts.append(
                f"/** Copy all {edge.elements:,} elements of {edge.title} as real numbers, in C order. */\n"
                f"{_get_head(edge, interface)};"
            )
        parts += _answer_declarations(edge, interface)
    return "\n\n".join(part for part in parts if part)


def definitions(name: str, inputs: list[Edge], outputs: list[Edge], interface: Interface) -> str:
    """The text of <interface.name>_values.c."""
    parts = [
        comment([f"Model {name}: its inputs and outputs as real numbers and as answers.", GENERATED]),
        f'#include "{interface.name}.h"\n\n#include <string.h>',
    ]
    for edge in inputs:
        if edge.quantized:
            parts.append(_quantize(edge, interface))
        if edge.real:
            parts.append(_set(edge, interface))
    for edge in outputs:
        if edge.quantized:
            parts.append(
                f"{_dequantize_head(edge, interface)} {{\n"
                f"    return {edge.constant(interface, 'SCALE')} * "
                f"((float)stored - (float){edge.constant(interface, 'ZERO_POINT')});\n}}"
            )
        if edge.real or edge.answers:
            parts.append(_element(edge, interface))
        if edge.real:
            parts.append(_get(edge, interface))
        parts += _answer_definitions(edge, interface)
    return "\n\n".join(parts) + "\n"


# ---- constants ----
def _constants(edge: Edge, interface: Interface) -> str:
    lines = []
    if not edge.only:  # the sums of all stand in the header already
        lines.append(f"#define {edge.constant(interface, 'BYTES')} {edge.bytes}")
    lines.append(f"#define {edge.constant(interface, 'ELEMENTS')} {edge.elements}")
    if edge.quantized:
        zero_point = edge.info.zero_point
        point = f"({zero_point})" if zero_point < 0 else str(zero_point)
        lines.append(f"#define {edge.constant(interface, 'SCALE')} {float_literal(edge.info.scale)}")
        lines.append(f"#define {edge.constant(interface, 'ZERO_POINT')} {point}")
    return "\n".join(lines)


def _range(edge: Edge) -> str:
    return f"\n *  {edge.range_text}" if edge.range_text else ""


# ---- inputs ----
def _quantize_head(edge: Edge, interface: Interface) -> str:
    return f"{edge.c_type} {interface.name}_quantize_{edge.stem}(float real)"


def _quantize(edge: Edge, interface: Interface) -> str:
    lowest, highest = LIMITS[edge.info.type]
    point = edge.constant(interface, "ZERO_POINT")
    return f"""{_quantize_head(edge, interface)} {{
    const float scaled = real / {edge.constant(interface, "SCALE")};
    if (!(scaled > (float){lowest} - (float){point})) {{ /* not a number, too */
        return {lowest};
    }}
    if (scaled >= (float){highest} - (float){point}) {{
        return {highest};
    }}
    int32_t whole = (int32_t)scaled; /* towards 0 */
    const float rest = scaled - (float)whole;
    const float half = rest < 0.0f ? -rest : rest;
    if (half > 0.5f || (half == 0.5f && whole % 2 != 0)) {{
        whole += rest < 0.0f ? -1 : 1;
    }}
    return ({edge.c_type})(whole + {point});
}}"""


def _set_head(edge: Edge, interface: Interface) -> str:
    return f"void {interface.name}_set_{edge.stem}({interface.parameters('const float *reals')})"


def _set(edge: Edge, interface: Interface) -> str:
    name, count = interface.name, edge.constant(interface, "ELEMENTS")
    place = f"{name}_input({interface.arguments(edge.place(interface))})"
    head = f"{_set_head(edge, interface)} {{\n    int8_t *const bytes = {place};\n"
    if not edge.quantized:
        return f"{head}    memcpy(bytes, reals, {count} * sizeof *reals);\n}}"
    if edge.info.type == "int8":
        return (
            f"{head}    for (int32_t at = 0; at < {count}; at++) {{\n"
            f"        bytes[at] = {name}_quantize_{edge.stem}(reals[at]);\n    }}\n}}"
        )
    return f"""{head}    for (int32_t at = 0; at < {count}; at++) {{
        const {edge.c_type} stored = {name}_quantize_{edge.stem}(reals[at]);
        memcpy(bytes + at * (int32_t)sizeof stored, &stored, sizeof stored);
    }}
}}"""


# ---- outputs ----
def _dequantize_head(edge: Edge, interface: Interface) -> str:
    return f"float {interface.name}_dequantize_{edge.stem}({edge.c_type} stored)"


def _get_head(edge: Edge, interface: Interface) -> str:
    return f"void {interface.name}_get_{edge.stem}({interface.parameters('float *reals', const=True)})"


def _element(edge: Edge, interface: Interface) -> str:
    parameters = interface.parameters("int32_t at", const=True)
    place = f"{interface.name}_output({interface.arguments(edge.place(interface))})"
    head = f"static {edge.c_type} element{edge.suffix}({parameters}) {{"
    if edge.info.type == "int8":
        return f"{head}\n    return {place}[at];\n}}"
    return f"""{head}
    {edge.c_type} stored;
    memcpy(&stored, {place} + at * (int32_t)sizeof stored, sizeof stored);
    return stored;
}}"""


def _get(edge: Edge, interface: Interface) -> str:
    return f"""{_get_head(edge, interface)} {{
    for (int32_t at = 0; at < {edge.constant(interface, "ELEMENTS")}; at++) {{
        reals[at] = {_real(edge, interface, "at")};
    }}
}}"""


def _real(edge: Edge, interface: Interface, at: str) -> str:
    stored = f"element{edge.suffix}({interface.arguments(at)})"
    return f"{interface.name}_dequantize_{edge.stem}({stored})" if edge.quantized else stored


# ---- answers ----
def _label_head(edge: Edge, interface: Interface) -> str:
    return f"const char *const {interface.name}_labels{edge.suffix}[{len(edge.task.classes)}]"


def _answer_head(edge: Edge, interface: Interface) -> str:
    what, kind = ("argmax", "int32_t") if edge.is_class else ("decide", "int")
    at = () if edge.answers == 1 else ("int32_t at",)
    return f"{kind} {interface.name}_{what}{edge.suffix}({interface.parameters(*at, const=True)})"


def _answer_declarations(edge: Edge, interface: Interface) -> list[str]:
    parts = []
    if edge.answers and edge.task.classes:
        names = textwrap.wrap(f"What the classes are called: {', '.join(edge.task.classes)}.", ABOUT_WIDTH)
        about = "\n *  ".join(in_comment(line) for line in names)
        parts.append(f"/** {about} */\nextern {_label_head(edge, interface)};")
    many = "" if edge.answers <= 1 else f" at position `at` of {edge.answers:,}"
    if edge.is_class:
        about = f"The class{many}: the index of the highest element, the first of equals."
    elif edge.is_binary:
        about = f"The answer{many}: 1 where the element as a real number is above {edge.task.cut:g}, else 0."
    else:
        return parts
    return [*parts, f"/** {about} */\n{_answer_head(edge, interface)};"]


def _answer_definitions(edge: Edge, interface: Interface) -> list[str]:
    parts = []
    if edge.answers and edge.task.classes:
        names = "\n".join(f"    {text(label)}," for label in edge.task.classes)
        parts.append(f"{_label_head(edge, interface)} = {{\n{names}\n}};")
    if edge.is_class:
        classes = edge.info.shape[-1]
        first = "" if edge.answers == 1 else f"at * {classes} + "

        def element(at: str) -> str:
            return f"element{edge.suffix}({interface.arguments(at)})"

        parts.append(f"""{_answer_head(edge, interface)} {{
    int32_t best = 0;
    for (int32_t one = 1; one < {classes}; one++) {{
        if ({element(f"{first}one")} > {element(f"{first}best")}) {{
            best = one;
        }}
    }}
    return best;
}}""")
    elif edge.is_binary:
        at = "0" if edge.answers == 1 else "at"
        parts.append(
            f"{_answer_head(edge, interface)} {{\n"
            f"    return {_real(edge, interface, at)} > {float_literal(edge.task.cut)};\n}}"
        )
    return parts
