"""python -m quantize tensors: what every tensor holds for a few inputs, by TensorFlow Lite Micro and in the
float model."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.cli import program
from contract.errors import UserError
from contract.flatbuffer import read_model
from contract.graph import Model
from contract.manifest import read_manifest
from contract.reference import Reference, read_reference, real_values
from contract.state import is_stateful
from contract.tensors import FILE_NAME, Tensors


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    folder: Path = options.folder
    model = read_model(folder / "model.tflite")
    found = tensors_of(model, folder, options.inputs, options.model)
    found.write(folder)
    real = f", {len(found.real)} of them also of the float model" if found.real else ""
    print(
        f"written  {folder / FILE_NAME}: {len(found.stored)} tensors for {len(found.positions)} inputs{real}"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{program('quantize')} tensors",
        description="Run TensorFlow Lite Micro over a few inputs of the reference and write what every "
        "tensor holds to tensors.npz, for thimble layers.",
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="holds model.tflite, manifest.json, reference.npz"
    )
    parser.add_argument(
        "--inputs",
        type=int,
        nargs="+",
        default=[0],
        metavar="N",
        help="positions in the reference (default: 0)",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE",
        help="the .keras model it was quantised from, for real values, too",
    )
    return parser


def tensors_of(model: Model, folder: Path, positions: Sequence[int], keras: Path | None) -> Tensors:
    """The outputs of all operators for the inputs at `positions` of the reference in `folder`."""
    reference = read_reference(folder / "reference.npz")
    if reference.sha256 != model.sha256:
        raise UserError(f"{folder / 'reference.npz'} is of another flatbuffer; quantise again")
    wrong = [one for one in positions if not 0 <= one < len(reference.inputs)]
    if wrong:
        raise UserError(f"there is no input {wrong[0]}; the reference has {len(reference.inputs)}, from 0 on")
    if is_stateful(model) and list(positions) != list(range(len(positions))):
        raise UserError("the model has a state: its inputs are taken from the first on, --inputs 0 1 2 ...")
    chosen = np.array(positions, np.int64)
    known = reference.of(chosen)
    real = {} if keras is None else _real(model, known, folder, keras)
    return Tensors(model.sha256, chosen, _stored(model, known), real)


def _stored(model: Model, known: Reference) -> dict[int, NDArray[np.generic]]:
    from quantize import tflm

    runner = tflm.interpreter(model, keep_tensors=True)
    outputs = [
        index
        for operator in model.operators
        for index in operator.outputs
        if model.tensors[index].type != "RESOURCE"
    ]
    found: dict[int, list[NDArray[np.generic]]] = {index: [] for index in outputs}
    for image in known.inputs:
        for place, value in enumerate(tflm.parts(image, model)):
            runner.set_input(value, place)
        tflm.invoke(runner)
        for index in outputs:
            values = runner.GetTensor(index, 0)["tensor_data"]
            found[index].append(np.array(values).reshape(model.tensors[index].shape))
    return {index: np.stack(values) for index, values in found.items()}


def _real(model: Model, known: Reference, folder: Path, keras: Path) -> dict[int, NDArray[np.float32]]:
    """Of the float model's flatbuffer, where its operators are the same."""
    from quantize import noise, stage, tflm
    from quantize.network import load_network

    stage.require_tensorflow()
    exact = noise.float_flatbuffer(load_network(keras))
    if [one.name for one in exact.operators] != [one.name for one in model.operators]:
        print("note: the float model has other operators than the flatbuffer; left out", file=sys.stderr)
        return {}
    inputs = real_values(known.inputs, read_manifest(folder / "manifest.json").inputs)
    runner = tflm.interpreter(exact, keep_tensors=True)
    pairs = [
        (one.outputs[0], other.outputs[0])
        for one, other in zip(model.operators, exact.operators, strict=True)
    ]
    found: dict[int, list[NDArray[np.float32]]] = {index: [] for index, _ in pairs}
    for position in range(len(known.inputs)):
        for place, values in enumerate(inputs):
            runner.set_input(values[position][np.newaxis], place)
        tflm.invoke(runner)
        for index, other in pairs:
            values = runner.GetTensor(other, 0)["tensor_data"]
            found[index].append(np.array(values, np.float32).reshape(model.tensors[index].shape))
    return {index: np.stack(values) for index, values in found.items()}
