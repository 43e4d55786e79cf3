"""Prints the assembly functions of a plan as <name>_kernels.S."""

from codegen.aot.call import Assembly
from codegen.aot.emit.model_c import Names
from codegen.aot.plan import Plan
from codegen.c_source import GENERATED, comment
from contract.c_interface import FIRMWARE, Interface

# Linux takes an object without this section to need an executable stack.
NO_EXECUTABLE_STACK = ("#ifdef __linux__", '.section .note.GNU-stack, "", %progbits', "#endif")


def model_kernels(plan: Plan, name: str, names: Names, interface: Interface = FIRMWARE) -> str | None:
    """The text of the file, or None where no call wants assembly.

    Each function is one line: a macro of a kernel header with the layer's constants; first those that layers
    share. Other processors assemble nothing.
    """
    functions = [function for call in plan.kernel_calls for function in call.assembly]
    if not functions:
        return None
    lines = [
        comment([f"Model {name}: the assembly of its kernels, for a Cortex-M4.", GENERATED]),
        "#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)",
        *(
            f'#include "{interface.folder}{header}"'
            for header in sorted({function.header for function in functions})
        ),
    ]
    lines += [""] * any(function.shared for function in functions)
    lines += dict.fromkeys(_line(function, names, interface) for function in functions if function.shared)
    for call in plan.kernel_calls:
        own = [function for function in call.assembly if not function.shared]
        if own:
            lines.extend(["", comment([f"{plan.layer_of(call)}: {call.description[0]}"])])
        lines += [_line(function, names, interface) for function in own]
    return "\n".join([*lines, "", "#endif", "", *NO_EXECUTABLE_STACK]) + "\n"


def _line(function: Assembly, names: Names, interface: Interface) -> str:
    arguments = [f"{key}={value}" for key, value in function.arguments.items()]
    return f"{interface.of_engine(function.macro)} {', '.join([names.parts[function], *arguments])}"
