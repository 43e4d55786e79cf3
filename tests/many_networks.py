"""Runs many generated networks in one image, on the emulated board or on the host: one compilation each."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from codegen.aot import choice
from codegen.aot.emit.assembly import model_kernels
from codegen.aot.emit.model_c import claim_names, model_source
from codegen.aot.emit.model_h import model_header
from codegen.aot.plan import NO_LIMITS, Limits, Plan, plan_model
from codegen.aot.variants import VARIANTS
from codegen.aot.variants.variant import Variant
from codegen.names import Identifiers, layer_names
from contract.boards import DEFAULT, board, header
from contract.c_interface import Interface
from contract.flatbuffer import parse_model
from contract.graph import Model
from tests.c_build import FIRMWARE, RUNNERS, SANITIZERS, compile_c, run_c

FAMILY = FIRMWARE / "boards" / "cortex_m"


@dataclass(frozen=True)
class Sources:
    """The networks for one goal: their plans, and one file of C and one of assembly with all of them."""

    plans: list[Plan]
    c: Path
    assembly: Path


@dataclass(frozen=True)
class Outcome:
    """Of one network: (inputs, output bytes), and executed instructions an inference."""

    outputs: NDArray[np.int8]
    instructions: float


def output_bytes(model: Model) -> int:
    """Of all outputs."""
    return sum(model.tensors[index].bytes for index in model.outputs)


def write_sources(
    flatbuffers: Sequence[bytes],
    optimize: str,
    folder: Path,
    limits: Limits = NO_LIMITS,
    variants: Sequence[tuple[Variant, ...]] | None = None,
    instances: bool = False,
) -> Sources:
    """Generate all networks into one translation unit, in which they share the arena's memory alone.

    `variants` are those that each network can choose from, whatever their goal; all if it is None. With
    `instances` the code is that of an application which holds several.
    """
    identifiers = Identifiers()
    plans, parts, assembly, rows = [], [], [], []
    for index, flatbuffer in enumerate(flatbuffers):
        model = parse_model(flatbuffer)
        layers = layer_names(model, None, identifiers)
        known = (
            VARIANTS
            if variants is None
            else tuple(replace(variant, goals=(optimize,)) for variant in variants[index])
        )
        with patch.object(choice, "VARIANTS", known):
            plan = plan_model(model, layers, optimize, limits)
        interface = Interface(f"network_{index}", instances=instances)
        names = claim_names(plan, identifiers, interface)
        text, _ = model_source(plan, interface.name, names, interface)
        header = model_header(plan, interface.name, None, interface)
        for own in (
            f'#include "{interface.name}.h"\n',
            f"static _Alignas(8) int8_t arena[{interface.upper}_ARENA_BYTES];\n",
        ):
            assert instances or own in text
            text = text.replace(own, "")
        parts += [header, text, _wrappers(model, interface)]
        assembly.append(model_kernels(plan, interface.name, names, interface) or "")
        functions = ", ".join(
            f"run_{interface.name}_{what}" for what in ("reset", "input", "invoke", "output")
        )
        sizes = ", ".join(f"{interface.name}_{what}_bytes" for what in ("input", "output"))
        rows.append(f"    {{{functions}, {sizes}}},\n")
        plans.append(plan)
    most = max(plan.arena.bytes for plan in plans)
    text = (
        '#include "forms.h"\n#include <stddef.h>\n'
        f"static _Alignas(8) int8_t arena[{most}];\n"
        + "\n".join(parts)
        + f"\nconst struct network networks[] = {{\n{''.join(rows)}}};\n"
        + f"const uint32_t network_count = {len(rows)};\n"
    )
    sources = Sources(plans, folder / f"{optimize}.c", folder / f"{optimize}.S")
    sources.c.write_text(text)
    sources.assembly.write_text("".join(assembly))
    return sources


def _wrappers(model: Model, interface: Interface) -> str:
    """The functions of the table in forms.h for one network, and the bytes of its inputs and outputs."""
    name = interface.name
    none, index = (interface.arguments(*more, net=f"(struct {name} *)arena") for more in ((), ("index",)))
    lines = [
        f"static void run_{name}_reset(void) {{ {name}_init({none}); }}",
        f"static int8_t *run_{name}_input(int index) {{ return {name}_input({index}); }}",
        f"static void run_{name}_invoke(void) {{ {name}_invoke({none}); }}",
        f"static const int8_t *run_{name}_output(int index) {{ return {name}_output({index}); }}",
    ]
    for what, indices in (("input", model.inputs), ("output", model.outputs)):
        listed = ", ".join(str(model.tensors[tensor].bytes) for tensor in indices)
        lines.append(f"static const uint32_t {name}_{what}_bytes[] = {{{listed}, 0}};")
    return "\n".join(lines)


def run_on_host(sources: Sources, inputs: Sequence[NDArray[np.int8]], folder: Path) -> list[NDArray[np.int8]]:
    """The outputs of each network on its `inputs` (N, bytes), N the same, by the portable definitions
    under AddressSanitizer and UBSan."""
    folder.mkdir()
    flags = ("-std=c11", "-O1", "-g", *SANITIZERS, f"-DINPUTS={len(inputs[0])}", f"-I{RUNNERS}")
    program = compile_c([sources.c, sources.assembly, RUNNERS / "forms_host.c"], folder / "forms", flags)
    outputs = np.frombuffer(run_c(program, b"".join(one.tobytes() for one in inputs)), np.int8)
    sizes = [len(inputs[0]) * output_bytes(plan.model) for plan in sources.plans]
    assert sum(sizes) == len(outputs)
    return [part.reshape(len(inputs[0]), -1) for part in np.split(outputs, np.cumsum(sizes)[:-1])]


def run_on_board(
    sources: Sources,
    level: str,
    inputs: Sequence[NDArray[np.int8]],
    folder: Path,
    name: str = DEFAULT,
    core: str | None = None,
) -> list[Outcome]:
    """Compile with the optimisation `level`, and run each network on its `inputs` (N, bytes), N the same.

    `name` is a board; `core` what the compiler makes code for, if not for that board's.
    """
    folder.mkdir()
    count = len(inputs[0])
    target = board(name)
    assert target.emulator is not None
    (folder / "board_config.h").write_text(header(target))
    compiler = "arm-none-eabi-gcc"
    script = (f"-I{folder}", str(FAMILY / "image.ld.in"), "-o", str(folder / "image.ld"))
    subprocess.run([compiler, "-E", "-P", "-x", "c", *script], check=True, timeout=60)
    flags = (
        *("-std=gnu11", level, *target.compiler_flags.split(), "-funsigned-char", f"-DINPUTS={count}"),
        *(() if core is None else (f"-mcpu={core}",)),
        *(f"-I{RUNNERS}", f"-I{FAMILY}", f"-I{folder}", f"-T{folder / 'image.ld'}"),
        *("-ffunction-sections", "--specs=nano.specs", "-nostartfiles", "-Wl,--gc-sections"),
    )
    own = [FAMILY / "startup.c", FAMILY / "ticks.c", RUNNERS / "forms.c"]
    image = compile_c([sources.c, sources.assembly, *own], folder / "forms.elf", flags, compiler)
    (folder / "inputs.bin").write_bytes(b"".join(one.tobytes() for one in inputs))
    command = [
        *(
            "qemu-system-arm",
            "-M",
            target.emulator.machine,
            "-kernel",
            str(image),
            "-nographic",
            "-monitor",
            "none",
        ),
        *("-serial", "none", "-icount", "shift=0", "-semihosting-config", "enable=on,target=native"),
    ]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    outputs = np.fromfile(folder / "outputs.bin", np.int8)
    instructions = np.fromfile(folder / "instructions.bin", np.uint32)
    outcomes, start = [], 0
    for plan, total in zip(sources.plans, instructions, strict=True):
        end = start + count * output_bytes(plan.model)
        outcomes.append(Outcome(outputs[start:end].reshape(count, -1), float(total) / count))
        start = end
    assert start == len(outputs)
    return outcomes
