"""README.md of a library: what the model is, what it costs, how it is called, how it is tested."""

from collections.abc import Collection

from contract.c_interface import Edge, usage
from contract.scores import score_text
from export.library import Library

# How a library comes into a project.
PLAIN = (
    "- By hand: compile every `.c` and `.S` in `src/` with optimisation (`-O2` or `-Os`; at `-O0` it is\n"
    "  correct and slow), and name `src` as a folder of headers."
)
HOW = {
    "arduino": (
        "**Arduino**: Sketch, Include Library, Add .ZIP Library, or put this folder into `libraries/`;",
        "then `#include <{name}.h>`.",
    ),
    "platformio": ("**PlatformIO**: put this folder into the project's `lib/`, or name it in `lib_deps`.",),
    "cmake": (
        "**CMake**: `add_subdirectory(<this folder>)` and `target_link_libraries(<yours> PRIVATE {name})`.",
        "Built by itself (`cmake -B build && cmake --build build && ctest --test-dir build`) it runs the",
        "self-test.",
    ),
    "zephyr": (
        "**Zephyr**: name this folder in `EXTRA_ZEPHYR_MODULES`, and say `CONFIG_THIMBLE_{upper}=y`.",
        "`west build -b <board> examples/self_test/zephyr` builds the self-test.",
    ),
}


def readme(library: Library, packages: Collection[str]) -> str:
    manifest, name = library.manifest, library.name
    instance = [f"static struct {name} net;", ""] if library.interface.instances else []
    code = [
        f'#include "{name}.h"',
        "",
        *instance,
        f"{name}_init({library.interface.arguments(net='&net')});",
        *usage(library.inputs, library.outputs, library.interface),
    ]
    parts = [
        f"# {name}",
        f"{library.sentence} Its flatbuffer has {manifest.flatbuffer_bytes:,} bytes, SHA-256\n"
        f"`{manifest.sha256}`.",
        "```c\n" + "\n".join(code) + "\n```",
        f"`src/{name}.h` says what each function does and needs.",
        "| | type | shape | scale | zero point |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(_row(edge) for edge in (*library.inputs, *library.outputs)),
        "\n".join(_facts(library)),
        "## Into your project\n\n" + "\n".join([*(f"- {_how(library, one)}" for one in packages), PLAIN]),
        "## Is it right?\n\n" + _right(library),
        "The kernels are those of Thimble, under the Apache License 2.0 (`LICENSE`); the model's licence is "
        "that of whoever made it.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _how(library: Library, package: str) -> str:
    return "\n  ".join(HOW[package]).format(name=library.name, upper=library.interface.upper)


def _row(edge: Edge) -> str:
    info = edge.info
    scale = f"{info.scale:.9g} | {info.zero_point}" if info.scale else " | "
    return f"| {edge.title.removeprefix('the ')} | {info.type} | {list(info.shape)} | {scale} |"


def _facts(library: Library) -> list[str]:
    facts = library.layer_map
    constants = sum(call.constant_bytes for call in facts.calls)
    kernels = len({call.function for call in facts.calls})
    rows = [
        f"- RAM: {facts.arena_bytes:,} bytes{' for an instance' if facts.instances else ''}, and the stack",
        f"- flash: {constants:,} bytes of constants, and the code of {kernels} kernels",
        f"- {facts.multiply_accumulates:,} multiply-accumulates an inference, optimised for {facts.goal}",
    ]
    for core, one in library.costs:
        option = next((word for word in one.options.split() if word.startswith("-O")), "")
        rows.append(
            f"- {core}: {one.instructions:,} instructions an inference, {one.stack_bytes:,} bytes of stack "
            f"(emulated, {option})"
        )
    for edge, scores in zip(library.outputs, library.manifest.scores, strict=True):
        if scores.int8_model:
            of = "" if edge.only else f" of {edge.info.name}"
            rows.append(f"- on the test set{of}: {score_text(scores.int8_model)}")
    return rows


def _right(library: Library) -> str:
    if not library.self_tested:
        return "There was no reference when this library was made, so it has no self-test."
    of_data = library.manifest.dataset_sha256 is not None
    which = "an input of the test set" if of_data else "a random input"
    return (
        f"`examples/self_test` runs {which} and compares every output byte with what\nTensorFlow Lite Micro "
        "answers; it prints PASS, or the first byte that differs."
    )
