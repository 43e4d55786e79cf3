"""Prints the interface of a plan as <name>.h."""

from codegen.aot import describe
from codegen.aot.emit.edges import inputs_of, outputs_of
from codegen.aot.emit.real_values import declarations
from codegen.aot.plan import Plan
from codegen.aot.schedule.arena import ALIGNMENT
from codegen.aot.schedule.lifetimes import variables_of
from codegen.c_source import GENERATED, INDENT, in_comment
from contract.c_interface import FIRMWARE, Edge, Interface, usage
from contract.firmware import Costs
from contract.macs import multiply_accumulates
from contract.manifest import Manifest


def model_header(
    plan: Plan,
    name: str,
    manifest: Manifest | None = None,
    interface: Interface = FIRMWARE,
    costs: Costs = (),
) -> str:
    """The text of the header. The manifest adds what the numbers mean."""
    inputs, outputs = inputs_of(plan, manifest), outputs_of(plan, manifest)
    guard = f"THIMBLE_{interface.upper}_H"
    return f"""{_about(plan, name, inputs, outputs, interface, costs)}
#ifndef {guard}
#define {guard}

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

{_sizes(plan, inputs, outputs, interface, costs)}

{_instance(plan, interface)}

/** Where the bytes of {_which(inputs, interface)} go before an inference{_fate(plan, inputs)}.
 *  Aligned to {ALIGNMENT}.{_in_bytes(inputs)} */
int8_t *{interface.name}_input({interface.parameters("int index")});

/** Run one inference. */
void {interface.name}_invoke({interface.parameters()});

/** The bytes of {_which(outputs, interface)}, valid until an input is written or the next inference
 *  runs.{_in_bytes(outputs)} */
const int8_t *{interface.name}_output({interface.parameters("int index", const=True)});

{declarations(inputs, outputs, interface)}{_inspection(plan, interface)}

#ifdef __cplusplus
}}
#endif

#endif
"""


def _about(
    plan: Plan,
    name: str,
    inputs: list[Edge],
    outputs: list[Edge],
    interface: Interface,
    costs: Costs,
) -> str:
    model = plan.model
    tensors = [
        describe.tensor(edge.info.name, model.tensors[index])
        for edge, index in zip([*inputs, *outputs], [*model.inputs, *model.outputs], strict=True)
    ]
    instance = [f"    static struct {interface.name} net;"] if interface.instances else []
    lines = [
        "@file",
        f"Model {name} as C: {multiply_accumulates(model):,} multiply-accumulates an inference.",
        GENERATED,
        "",
        f"  flatbuffer {len(model.data)} bytes, SHA-256 {model.sha256}",
        *tensors,
        "",
        "Elements lie in C order: the last axis varies fastest. A real number is",
        "scale * (stored - zero point).",
        "",
        "@code",
        *instance,
        f"    {interface.name}_init({interface.arguments(net='&net')});",
        *(f"    {line}" for line in usage(inputs, outputs, interface)),
        "@endcode",
        "",
        f"Memory: {plan.constant_bytes:,} bytes of constants in flash, {plan.arena.bytes:,} bytes of RAM"
        f"{' for an instance' if interface.instances else ''}",
        f"aligned to {ALIGNMENT}, no heap.",
        *_counted(costs),
        "",
        *_rules(interface),
    ]
    body = "\n".join(f" * {in_comment(line)}".rstrip() for line in lines)
    return f"/**\n{body}\n */"


def _counted(costs: Costs) -> list[str]:
    """Time and stack by core."""
    if not costs:
        return []
    rows = (
        f"  {core}: {one.instructions:,} instructions an inference, {one.stack_bytes:,} bytes of stack"
        for core, one in costs
    )
    return ["", f"Counted on emulated cores, {costs[0][1].compiler}:", *rows]


def _rules(interface: Interface) -> list[str]:
    """What may run at the same time."""
    if not interface.instances:
        who = ["Threads and interrupts: the model belongs to one thread or one interrupt at a time."]
    else:
        who = [
            "Threads and interrupts: there is no other state than the instance's. Different instances may",
            "run at the same time; one instance belongs to one thread or one interrupt at a time.",
        ]
    return [*who, "Nothing waits, and interrupts stay enabled."]


def _sizes(plan: Plan, inputs: list[Edge], outputs: list[Edge], interface: Interface, costs: Costs) -> str:
    rows = [
        f"INPUT_BYTES = {sum(edge.bytes for edge in inputs)},",
        f"OUTPUT_BYTES = {sum(edge.bytes for edge in outputs)},",
        f"ARENA_BYTES = {plan.arena.bytes}, /* all activations, input and output among them */",
    ]
    stacks = [one.stack_bytes for _, one in costs if one.stack_bytes is not None]
    if stacks:
        rows.append(f"STACK_BYTES = {max(stacks)}, /* the most that an inference was seen to need */")
    body = "\n".join(f"{INDENT}{interface.upper}_{row}" for row in rows)
    indices = "".join(_indices(found, interface) for found in (inputs, outputs) if len(found) > 1)
    return f"enum {{\n{body}\n}};{indices}"


def _indices(found: list[Edge], interface: Interface) -> str:
    """The indices of several inputs or outputs, by their names."""
    rows = "\n".join(f"{INDENT}{edge.place(interface)} = {edge.index}," for edge in found)
    return f"\n\n/* For {interface.name}_{found[0].what}. */\nenum {{\n{rows}\n}};"


def _inspection(plan: Plan, interface: Interface) -> str:
    """How an inference runs in pieces."""
    if not interface.inspected:
        return ""
    return f"""

/** Of an inference in pieces. */
#define {interface.upper}_CALLS {len(plan.kernel_calls)}

/** Run one of its calls: 0 to {interface.upper}_CALLS - 1, in this order. */
void {interface.name}_step(uint32_t call);

/** The arena. */
const int8_t *{interface.name}_memory(void);"""


def _instance(plan: Plan, interface: Interface) -> str:
    """What has the memory of an inference, and how it is made ready."""
    name, stateful = interface.name, bool(variables_of(plan.model))
    parts = []
    if interface.instances:
        use = "The application may use it otherwise from when outputs were read until inputs are written"
        if stateful:
            use = "Its state lies there, too"
        parts.append(f"""/** One instance, with the memory of its inferences; declare it static, as most
 *  stacks are too small. {use}. */
struct {name} {{
    union {{
        uint64_t alignment;
        int8_t bytes[{interface.upper}_ARENA_BYTES];
    }} arena;
}};""")
    what = "an instance" if interface.instances else "the model"
    parts.append(
        f"/** Make {what} ready, once before anything else. */\nvoid {name}_init({interface.parameters()});"
    )
    if stateful:
        parts.append(
            "/** Put the state back to its beginning, where a new sequence begins. */\n"
            f"void {name}_reset({interface.parameters()});"
        )
    return "\n\n".join(parts)


def _which(found: list[Edge], interface: Interface) -> str:
    what = found[0].what
    if len(found) == 1:
        return f"the {what} (index 0)"
    return f"the {what} with this index ({found[0].place(interface)}, ...)"


def _fate(plan: Plan, inputs: list[Edge]) -> str:
    """What an inference does to the inputs."""
    lost = [edge for edge in inputs if not plan.survives(plan.model.inputs[edge.index])]
    if not lost:
        return ", which leaves it as it is"
    if len(lost) == len(inputs):
        return ", which overwrites it"
    return f", which overwrites {' and '.join(edge.info.name for edge in lost)} and leaves the others"


def _in_bytes(found: list[Edge]) -> str:
    """What an application has to know whose numbers are no int8."""
    types = sorted({edge.info.type for edge in found} - {"int8"})
    return f"\n *  Bytes of {' or '.join(types)}: copy by memcpy." if types else ""
