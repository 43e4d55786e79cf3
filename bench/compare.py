"""make bench: every engine and compile option by the one ruler, as a table and as bench.json."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.build import AOT, COMPILE_OPTIONS, build_bare, generate
from bench.peer import FORMS, check_installed, cut_model, write_sources
from bench.profile import Share, profile
from bench.ruler import equal_outputs, figures
from contract.errors import UserError
from contract.files import write_text
from contract.flatbuffer import read_model
from contract.macs import multiply_accumulates
from contract.manifest import read_manifest
from contract.reference import Reference, read_reference

PEER_INPUTS = 500  # of the reference: a peer needs up to 17 million instructions for one
FILE_NAME = "bench.json"


@dataclass(frozen=True)
class Row:
    """One engine, built with one option. Sizes are bytes."""

    engine: str  # aot-speed, bakenn-cmsis, ...
    options: str  # -O2
    instructions: int  # executed an inference, the mean over the inputs
    instructions_per_mac: float
    flash_bytes: int
    model_bytes: int  # of flash_bytes
    ram_bytes: int
    stack_bytes: int  # of ram_bytes
    bit_exact: bool  # all outputs of `inputs` equal the reference in every byte
    inputs: int
    cycles_estimate: int  # of the first input's inference
    ms_at_64_mhz: float
    kinds: dict[str, int]  # of the first input's inference: multiply, load, ...
    operators: tuple[Share, ...]  # of the first input's inference; empty for a peer
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    rows: tuple[Row, ...]
    refusals: tuple[str, ...]  # a line for each peer that does not take the model


@dataclass(frozen=True)
class _Image:
    """One image to be measured, and what it has to answer."""

    engine: str
    options: str
    folder: Path
    expected: NDArray[np.int8]
    model_source: Path | None = None
    note: str = ""


def compare(folder: Path, inputs: int | None, peers: bool, say: Callable[[str], None]) -> Comparison:
    """Build, run and measure everything for the model in `folder`, and write `folder`/bench.json.

    `folder` holds model.tflite, manifest.json and reference.npz; the first `inputs` of the reference are run,
    or all. `say` gets a line for each step.
    """
    if peers:
        check_installed()
    reference = read_reference(folder / "reference.npz")
    reference = replace(reference, inputs=reference.inputs[:inputs], outputs=reference.outputs[:inputs])
    layers = read_manifest(folder / "manifest.json").layers
    macs = multiply_accumulates(read_model(folder / "model.tflite"))
    rows: list[Row] = []
    refusals: list[str] = []
    for image in _images(folder, reference, peers, refusals, say):
        given = reference.inputs[: len(image.expected)]
        say(f"{image.engine} {image.options}: {len(given):,} inputs")
        ruler = figures(image.folder, given)
        say(f"{image.engine} {image.options}: every instruction of one inference")
        traced = profile(image.folder / "bare.elf", given[:1], image.model_source, layers)
        rows.append(
            Row(
                engine=image.engine,
                options=image.options,
                instructions=ruler.instructions,
                instructions_per_mac=round(ruler.instructions / macs, 3),
                flash_bytes=ruler.flash_bytes,
                model_bytes=ruler.model_bytes,
                ram_bytes=ruler.ram_bytes,
                stack_bytes=ruler.stack_bytes,
                bit_exact=equal_outputs(ruler.outputs, image.expected) == len(given),
                inputs=len(given),
                cycles_estimate=traced.cycles_estimate,
                ms_at_64_mhz=round(traced.ms_at_64_mhz, 3),
                kinds=traced.kinds,
                operators=traced.operators,
                note=image.note,
            )
        )
    write_text(folder / FILE_NAME, json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    return Comparison(tuple(rows), tuple(refusals))


def _images(
    folder: Path, reference: Reference, peers: bool, refusals: list[str], say: Callable[[str], None]
) -> Iterator[_Image]:
    """Build one image after the other; `refusals` gets a line for a peer that does not take the model."""
    work = folder / "bench"
    for engine, arguments in AOT.items():
        generated = work / engine / "generated"
        generate(folder / "model.tflite", folder / "manifest.json", generated, arguments)
        for option in COMPILE_OPTIONS:
            say(f"{engine} {option}: build")
            out = work / engine / option.lstrip("-")
            build_bare(generated, out, option)
            yield _Image(engine, option, out, reference.outputs, generated / "model.c")
    if not peers:
        return
    say("bakenn: the reference without softmax")
    model = cut_model(folder / "model.tflite", reference.inputs[:PEER_INPUTS], work / "cut.tflite")
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
