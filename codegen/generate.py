"""From files to files: reads flatbuffer and manifest, and writes the sources of one engine, all or none."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from codegen.aot.choice import explanation
from codegen.aot.emit.assembly import model_kernels
from codegen.aot.emit.edges import inputs_of, outputs_of
from codegen.aot.emit.layer_map import layer_map
from codegen.aot.emit.model_c import assembly_file, claim_names, model_source
from codegen.aot.emit.model_h import model_header
from codegen.aot.emit.real_values import definitions
from codegen.aot.plan import Limits, Plan, plan_model
from codegen.fits import expect_fits, limits_of
from codegen.model_data import model_data_header, model_data_source
from codegen.model_info import model_info, model_info_header
from codegen.names import Identifiers, layer_names
from codegen.tflm.arena import arena_bytes, arena_header
from codegen.tflm.op_resolver import op_resolver_header
from contract.boards import Board
from contract.c_interface import FIRMWARE, Interface
from contract.documents import as_json
from contract.errors import UserError
from contract.files import write_texts
from contract.firmware import Costs, read_costs
from contract.flatbuffer import read_model
from contract.graph import Model
from contract.layer_map import FILE_NAME as LAYER_MAP
from contract.macs import multiply_accumulates
from contract.manifest import Manifest, read_manifest
from contract.runtimes import RUNTIMES, check, differences


def generate(
    tflite: Path,
    manifest_path: Path | None,
    engine: str,
    library: str,
    out: Path,
    optimize: str = "speed",
    explain: bool = False,
    board: Board | None = None,
    flash_limit: int | None = None,
    ram_limit: int | None = None,
    interface: Interface = FIRMWARE,
    images: Sequence[Path] = (),
    unfused: bool = False,
) -> str:
    """Write the sources for `engine` (aot or tflm) to the folder `out` and return a summary to print.

    `library` (chirale or arduino) is the TensorFlow Lite Micro that tflm will meet. `optimize` is one of
    codegen.aot.goals.GOALS; `explain` adds to the summary why each operator has its variant. The limits are
    bytes of the model's constants and of its arena; `board` gives those that are not. With aot, `interface`
    says what the model is called in C, and `images` are folders with a firmware.json whose figures the header
    states. With `unfused` every tensor of the flatbuffer is computed, as far as that can be. UserError, with
    nothing written, where the flatbuffer is damaged or not supported, is not the manifest's or does not fit
    `board`.
    """
    model = read_model(tflite)
    manifest = None if manifest_path is None else read_manifest(manifest_path)
    if manifest is not None and manifest.sha256 != model.sha256:
        raise UserError(
            f"{manifest_path} is of the flatbuffer {manifest.sha256}, {tflite} is {model.sha256}; "
            "give the manifest that python -m quantize wrote beside it"
        )
    runtime = RUNTIMES["aot" if engine == "aot" else f"tflm-{library}"]
    name = tflite.stem if manifest is None else manifest.model
    if engine == "aot":
        limits = limits_of(model, board, flash_limit, ram_limit)
        costs = read_costs(images, model.sha256)
        texts, details = _aot(
            model, manifest, name, optimize, explain, board, limits, interface, costs, unfused
        )
    else:
        texts, details = _tflm(model, manifest, name, library)
    if interface.name == FIRMWARE.name:
        texts["model_info.h"] = model_info_header(model)
        texts["model_info.c"] = model_info(model, name)
    try:
        write_texts(out, texts)
    except OSError as error:
        raise UserError(f"cannot write {error.filename}: {error.strerror}; give another --out") from error
    assembly = assembly_file(interface)
    if assembly not in texts:  # left by a run with other options, it would be compiled, too
        (out / assembly).unlink(missing_ok=True)
    counts = Counter(operator.name for operator in model.operators)
    operators = ", ".join(name if count == 1 else f"{name} x {count}" for name, count in counts.items())
    return (
        f"{tflite.name} for {runtime.title}\n"
        f"  operators  {len(model.operators)}: {operators}\n"
        f"{details}\n"
        f"  files      {', '.join(texts)} in {out}"
    )


def _aot(
    model: Model,
    manifest: Manifest | None,
    name: str,
    optimize: str,
    explain: bool,
    board: Board | None,
    limits: Limits,
    interface: Interface,
    costs: Costs,
    unfused: bool,
) -> tuple[dict[str, str], str]:
    identifiers = Identifiers(interface.taken, interface.engine)
    layers = layer_names(model, None if manifest is None else manifest.layers, identifiers)
    plan = plan_model(model, layers, optimize, limits, unfused)
    if board is not None:
        expect_fits(plan, optimize, board)
    names = claim_names(plan, identifiers, interface)
    source, lines = model_source(plan, name, names, interface)
    texts = {
        f"{interface.name}.h": model_header(plan, name, manifest, interface, costs),
        f"{interface.name}.c": source,
        f"{interface.name}_values.c": definitions(
            name, inputs_of(plan, manifest), outputs_of(plan, manifest), interface
        ),
        LAYER_MAP: as_json(layer_map(plan, optimize, lines, interface)),
    }
    kernels = model_kernels(plan, name, names, interface)
    if kernels is not None:
        texts[assembly_file(interface)] = kernels
    details = (
        f"{_rewrites(model, plan)}"
        f"  arena      {plan.arena.bytes:,} bytes, peak at {plan.peak_layer} (bound {plan.arena.bound:,})\n"
        f"  constants  {plan.constant_bytes:,} bytes"
    )
    for what, needed, limit in (
        ("constants", plan.constant_bytes, limits.flash),
        ("activations", plan.arena.bytes, limits.ram),
    ):
        if limit is not None and needed > limit:
            details += f"\n  limits     not met: {needed:,} bytes of {what}, {limit:,} were allowed"
    if explain:
        details += f"\n  variants   optimised for {optimize}\n{explanation(plan.calls, plan.changes, layers)}"
    return texts, details


def _rewrites(model: Model, plan: Plan) -> str:
    """What is computed in another way than the flatbuffer says, in a line; none where all is as it says."""
    if not plan.changes:
        return ""
    counts = Counter(change.operator.name for change in plan.changes)
    names = ", ".join(f"{count} {name}" for name, count in counts.items())
    before, after = multiply_accumulates(model), multiply_accumulates(plan.model)
    products = "" if before == after else f"; {after:,} of {before:,} multiply-accumulates remain"
    return f"  rewritten  {names}{products}\n"


def _tflm(model: Model, manifest: Manifest | None, name: str, library: str) -> tuple[dict[str, str], str]:
    check(model, RUNTIMES[f"tflm-{library}"])
    if manifest is None:
        raise UserError(
            "--engine tflm sizes the tensor arena by what the manifest records; give --manifest, "
            "which python -m quantize wrote"
        )
    texts = {
        "model_data.h": model_data_header(model, name),
        "model_data.cc": model_data_source(model, name),
        "op_resolver.h": op_resolver_header(model, name, library),
        "arena.h": arena_header(model, name, manifest.arena_bytes),
    }
    arena = arena_bytes(model, manifest.arena_bytes)
    details = (
        f"  arena      {arena:,} bytes ({manifest.arena_bytes:,} recorded)\n"
        f"  constants  {len(model.data):,} bytes"
    )
    differs = differences(model, f"tflm-{library}")
    if differs:
        details += f"\n  may differ from the reference in some bytes: {'; '.join(differs)}"
    return texts, details
