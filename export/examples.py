"""The examples of a library: sketches for Arduino, programs for a console."""

from dataclasses import dataclass

from contract.c_interface import Edge
from export.library import Files, Library

MOST_RESULTS = 10  # real numbers that an example prints of an output


@dataclass(frozen=True)
class Dialect:
    """How a program prints. Texts hold no characters that C or printf would take for its own."""

    is_arduino: bool

    def text(self, text: str) -> str:
        return f'Serial.print("{text}");' if self.is_arduino else f'printf("{text}");'

    def string(self, value: str) -> str:
        return f"Serial.print({value});" if self.is_arduino else f'printf("%s", {value});'

    def integer(self, value: str) -> str:
        return f"Serial.print({value});" if self.is_arduino else f'printf("%d", (int){value});'

    def real(self, value: str) -> str:
        return f"Serial.print({value}, 6);" if self.is_arduino else f'printf("%g", (double){value});'

    @property
    def line(self) -> str:
        return "Serial.println();" if self.is_arduino else 'printf("\\n");'


ARDUINO, CONSOLE = Dialect(True), Dialect(False)


def self_test_sketch(library: Library) -> str:
    return f"""/* Prints once a second whether {library.name} gives on this board what it gave when made. */
#include <{library.name}.h>

#include "self_test.h"

void setup() {{
    Serial.begin(115200);
}}

void loop() {{
    const struct self_test_result result = self_test();
    if (result.at < 0) {{
        Serial.println("PASS");
    }} else {{
        Serial.print("FAIL: output byte ");
        Serial.print(result.at);
        Serial.print(" is ");
        Serial.print(result.given);
        Serial.print(", not ");
        Serial.println(result.expected);
    }}
    delay(1000);
}}
"""


def self_test_program(library: Library) -> str:
    return f"""/* Prints whether {library.name} gives on this processor what it gave when it was made. */
#include <stdio.h>

#include "self_test.h"

int main(void) {{
    const struct self_test_result result = self_test();
    if (result.at < 0) {{
        printf("PASS\\n");
        return 0;
    }}
    printf("FAIL: output byte %d is %d, not %d\\n", (int)result.at, result.given, result.expected);
    return 1;
}}
"""


def sketch(library: Library) -> str:
    """The example that a user starts from, for Arduino."""
    invoke = [
        "    const uint32_t start = micros();",
        f"    {_invoke(library)}",
        "    const uint32_t microseconds = micros() - start;",
    ]
    return "\n".join(
        [
            f"/* {library.example.capitalize()}: put your sensor in {_sensors(library)} below. */",
            f"#include <{library.name}.h>",
            "",
            *_before(library),
            "void setup() {",
            "    Serial.begin(115200);",
            f"    {library.name}_init({_net(library)});",
            "}",
            "",
            "void loop() {",
            *_fill(library),
            *invoke,
            *_print(library, ARDUINO),
            f"    {ARDUINO.integer('microseconds')}",
            f"    {ARDUINO.text(' microseconds')}",
            f"    {ARDUINO.line}",
            "    delay(1000);",
            "}",
            "",
        ]
    )


def program(library: Library) -> str:
    """The same for a console."""
    return "\n".join(
        [
            f"/* {library.example.capitalize()}: put your sensor in {_sensors(library)} below. */",
            "#include <stdio.h>",
            "#include <string.h>",
            "",
            f'#include "{library.name}.h"',
            "",
            *_before(library),
            "int main(void) {",
            f"    {library.name}_init({_net(library)});",
            *_fill(library),
            f"    {_invoke(library)}",
            *_print(library, CONSOLE),
            f"    {CONSOLE.line}",
            "    return 0;",
            "}",
            "",
        ]
    )


def _net(library: Library, *others: str) -> str:
    return library.interface.arguments(*others, net="&net")


def _sensors(library: Library) -> str:
    return " and ".join(f"value_of_{edge.stem}" for edge in library.inputs)


def _invoke(library: Library) -> str:
    return f"{library.name}_invoke({_net(library)});"


def _before(library: Library) -> list[str]:
    """The instance, if there is one, and a function for each input."""
    lines = [f"static struct {library.name} net;", ""] if library.interface.instances else []
    for edge in library.inputs:
        kind = "float" if edge.real else edge.c_type
        zero = "0.0f" if edge.real else "0"
        lines += [
            f"/* An element of {edge.title}, {list(edge.info.shape[1:])} in C order."
            f"{' ' if edge.range_text else ''}{edge.range_text} */",
            f"static {kind} value_of_{edge.stem}(int32_t at) {{",
            "    (void)at;",
            f"    return {zero};",
            "}",
            "",
        ]
    return lines


def _fill(library: Library) -> list[str]:
    lines = []
    for edge in library.inputs:
        place = f"{library.name}_input({_net(library, edge.place(library.interface))})"
        value = f"value_of_{edge.stem}(at)"
        if edge.quantized:
            value = f"{library.name}_quantize_{edge.stem}({value})"
        count = edge.constant(library.interface, "ELEMENTS")
        lines.append(f"    for (int32_t at = 0; at < {count}; at++) {{")
        if edge.info.type == "int8":
            lines.append(f"        {place}[at] = {value};")
        else:
            lines.append(f"        const {edge.c_type} value = {value};")
            lines.append(f"        memcpy({place} + at * (int32_t)sizeof value, &value, sizeof value);")
        lines.append("    }")
    return lines


def _print(library: Library, dialect: Dialect) -> list[str]:
    lines = []
    for edge in library.outputs:
        if len(library.outputs) > 1:
            lines.append(dialect.text(f"{edge.info.name}: "))
        at = ("0",) if edge.answers > 1 else ()
        if edge.is_class:
            chosen = f"{library.name}_argmax{edge.suffix}({_net(library, *at)})"
            if edge.task.classes:
                lines.append(dialect.string(f"{library.name}_labels{edge.suffix}[{chosen}]"))
            else:
                lines.append(dialect.integer(chosen))
        elif edge.is_binary:
            lines.append(dialect.integer(f"{library.name}_decide{edge.suffix}({_net(library, *at)})"))
        elif edge.quantized:
            lines += _print_elements(library, edge, dialect)
        else:
            place = f"{library.name}_output({_net(library, edge.place(library.interface))})"
            lines += ["{", f"    {edge.c_type} first;", f"    memcpy(&first, {place}, sizeof first);"]
            lines += [f"    {(dialect.real if edge.real else dialect.integer)('first')}", "}"]
        lines.append(dialect.text("  "))
    return [f"    {line}" for line in lines]


def _print_elements(library: Library, edge: Edge, dialect: Dialect) -> list[str]:
    """The first elements as real numbers."""
    place = f"{library.name}_output({_net(library, edge.place(library.interface))})"
    count = min(edge.elements, MOST_RESULTS)
    lines = [f"for (int32_t at = 0; at < {count}; at++) {{", f"    {edge.c_type} stored;"]
    lines.append(f"    memcpy(&stored, {place} + at * (int32_t)sizeof stored, sizeof stored);")
    lines.append(f"    {dialect.real(f'{library.name}_dequantize_{edge.stem}(stored)')}")
    return [*lines, f"    {dialect.text(' ')}", "}"]


def example_files(library: Library) -> Files:
    """The sketches of both examples, by their path in the library."""
    files = {f"examples/{library.example}/{library.example}.ino": sketch(library)}
    if library.self_tested:
        files["examples/self_test/self_test.ino"] = self_test_sketch(library)
    return files


def console_files(library: Library) -> Files:
    """The programs of both, by their path in the library. A folder below keeps them out of the sketches."""
    files = {f"examples/{library.example}/console/main.c": program(library)}
    if library.self_tested:
        files["examples/self_test/console/main.c"] = self_test_program(library)
    return files
