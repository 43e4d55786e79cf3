"""make bench: every engine and compile option measured the same way, as a table and as bench.json."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.bakenn import FORMS, check_installed, cut_model, write_sources
from bench.build import AOT, COMPILE_OPTIONS, build_bare, generate
from contract.bench import FILE_NAME, Row
from contract.boards import DEFAULT, board
from contract.documents import write_document
from contract.errors import UserError
from contract.flatbuffer import read_model
from contract.layer_map import LayerMap, read_layer_map
from contract.macs import multiply_accumulates
from contract.reference import Reference, read_reference
from measure.figures import equal_outputs, figures
from measure.profile import profile

BASELINE_INPUTS = 500  # of the reference: a baseline needs up to 17 million instructions for one


@dataclass(frozen=True)
class Comparison:
    rows: tuple[Row, ...]
    refusals: tuple[str, ...]  # a line for each baseline that does not take the model


@dataclass(frozen=True)
class _Image:
    """One image to be measured, and what it has to answer."""

    engine: str
    options: str
    folder: Path
    expected: NDArray[np.int8]
    layer_map: LayerMap | None = None
    note: str = ""


def compare(folder: Path, inputs: int | None, baselines: bool, say: Callable[[str], None]) -> Comparison:
    """Build, run and measure everything for the model in `folder`, and write `folder`/bench.json.

    `folder` holds model.tflite, manifest.json and reference.npz; the first `inputs` of the reference are run,
    or all. `say` gets a line for each step.
    """
    if baselines:
        check_installed()
    reference = read_reference(folder / "reference.npz")
    reference = replace(reference, inputs=reference.inputs[:inputs], outputs=reference.outputs[:inputs])
    macs = multiply_accumulates(read_model(folder / "model.tflite"))
    on = board(DEFAULT)
    rows: list[Row] = []
    refusals: list[str] = []
    for image in _images(folder, reference, baselines, refusals, say):
        given = reference.inputs[: len(image.expected)]
        say(f"{image.engine} {image.options}: {len(given):,} inputs")
        found = figures(image.folder, given, on)
        say(f"{image.engine} {image.options}: every instruction of one inference")
        traced = profile(image.folder / "bare.elf", given[:1], image.layer_map, on)
        rows.append(
            Row(
                engine=image.engine,
                options=image.options,
                instructions=found.instructions,
                instructions_per_mac=round(found.instructions / macs, 3),
                flash_bytes=found.flash_bytes,
                model_bytes=found.model_bytes,
                ram_bytes=found.ram_bytes,
                stack_bytes=found.stack_bytes,
                bit_exact=equal_outputs(found.outputs, image.expected) == len(given),
                inputs=len(given),
                cycles_estimate=traced.cycles_estimate,
                ms_at_64_mhz=round(traced.ms_at_64_mhz, 3),
                kinds=traced.kinds,
                operators=traced.operators,
                note=image.note,
            )
        )
    write_document(folder / FILE_NAME, rows)
    return Comparison(tuple(rows), tuple(refusals))


def _images(
    folder: Path, reference: Reference, baselines: bool, refusals: list[str], say: Callable[[str], None]
) -> Iterator[_Image]:
    """Build one image after the other; `refusals` gets a line for a baseline that does not take the model."""
    work = folder / "bench"
    for engine, arguments in AOT.items():
        generated = work / engine / "generated"
        generate(folder / "model.tflite", folder / "manifest.json", generated, arguments)
        for option in COMPILE_OPTIONS:
            say(f"{engine} {option}: build")
            out = work / engine / option.lstrip("-")
            build_bare(generated, out, option)
            yield _Image(engine, option, out, reference.outputs, read_layer_map(generated))
    if not baselines:
        return
    say("bakenn: the reference without softmax")
    model = cut_model(folder / "model.tflite", reference.inputs[:BASELINE_INPUTS], work / "cut.tflite")
    for form in FORMS:
        try:
            sources = write_sources(form, model, work / form)
        except UserError as error:
            refusals.append(f"{form}: {error}")
            continue
        for option in COMPILE_OPTIONS:
            say(f"{form} {option}: build")
            out = work / form / option.lstrip("-")
            build_bare(sources.generated, out, option, sources.engine)
            yield _Image(form, option, out, model.outputs, note=sources.note)
