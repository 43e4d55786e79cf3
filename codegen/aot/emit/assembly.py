"""Prints the assembly functions of a plan as model_kernels.S."""

from codegen.aot.emit.model_c import Names
from codegen.aot.plan import Plan
from codegen.c_source import GENERATED, comment

FILE = "model_kernels.S"

# Linux takes an object without this section to need an executable stack.
NO_EXECUTABLE_STACK = ("#ifdef __linux__", '.section .note.GNU-stack, "", %progbits', "#endif")


def model_kernels(plan: Plan, name: str, names: Names) -> str | None:
    """The text of model_kernels.S, or None where no call wants assembly.

    Each function is one line: a macro of a kernel header with the layer's constants. Other processors
    assemble nothing.
    """
    functions = [function for call in plan.kernel_calls for function in call.assembly]
    if not functions:
        return None
    lines = [
        comment([f"Model {name}: the assembly of its kernels, for a Cortex-M4.", GENERATED]),
        "#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)",
        *(f'#include "{header}"' for header in sorted({function.header for function in functions})),
    ]
    for call in plan.kernel_calls:
        if call.assembly:
            lines.extend(["", comment([f"{plan.layer_of(call)}: {call.description[0]}"])])
        for function in call.assembly:
            arguments = ", ".join(f"{key}={value}" for key, value in function.arguments.items())
            lines.append(f"{function.macro} {names.parts[function]}, {arguments}")
    return "\n".join([*lines, "", "#endif", "", *NO_EXECUTABLE_STACK]) + "\n"
