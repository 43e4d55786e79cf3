"""The two ways through this stage: a float model that is quantised, or a flatbuffer taken as it is."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract import runtimes
from contract.dataset import expect_arrays
from contract.errors import UserError
from contract.flatbuffer import parse_model, read_model
from contract.graph import Model
from contract.manifest import Manifest
from contract.scores import score_text
from contract.task import UNKNOWN, Task
from quantize import artefacts, ptq, qat, tflm
from quantize.artefacts import Origin
from quantize.capture import captured_output
from quantize.dataset import Dataset, Samples, draw, read_dataset, read_representative, read_test_set
from quantize.equivalents import known_to_micro
from quantize.naming import operator_names
from quantize.network import Network, expect_keras_file, load_network
from quantize.ordering import in_keras_order
from quantize.ports import held_range, ports_of_flatbuffer
from quantize.scaling import resolution_notes, scale_notes
from quantize.slim import slim
from quantize.tasks import AUTO, with_cut

RANDOM_INPUTS = 1000  # for a flatbuffer without data
SLIM_CHECKS = 50  # images on which the slim flatbuffer must equal the converter's


def quantise(
    model_path: Path,
    data_path: Path,
    out: Path,
    name: str | None,
    recipe: str,
    method: str,
    representative: int | Path,
    seed: int,
    runtime: str,
    task: str = AUTO,
) -> None:
    """Quantise the Keras model at `model_path` by `method` (ptq or qat), write the artefacts to `out`.

    `representative`: how many training inputs, drawn with `seed`, set the ranges (for QAT, where they start),
    or a file with those that do. `name` (or else the file's) and `recipe` go into the manifest; `task` is
    one of quantize.tasks.CHOICES. UserError where model or data are not what this stage takes, or `runtime`,
    a key of contract.runtimes.RUNTIMES, could not run the result.
    """
    expect_keras_file(model_path)
    for path in (data_path, representative):
        if isinstance(path, Path):
            expect_arrays(path)
    require_tensorflow()
    network = load_network(model_path)
    data = read_dataset(data_path, network.ports, task)
    predictions = network.predict(*data.test.inputs)
    if not all(np.isfinite(one).all() for one in predictions):
        raise UserError(
            f"the float model of {model_path} gives infinite numbers, or none, for some of x_test; look at "
            "layers that divide or take logarithms, and at the scale of the data"
        )
    ranged, drawn = _representative(network, data, representative, seed)
    if method == "qat":
        if drawn is None:
            raise UserError("--representative takes a file for --method ptq alone; give a number for qat")
        converted = qat.fine_tuned(network, data, drawn, seed).flatbuffer
    else:
        converted = ptq.converted(network.single, ranged)
    whole, model = checked_and_slim(converted, data.test, runtime, network)
    origin = Origin(
        model=name or model_path.stem,
        recipe=recipe,
        method=method,
        layers=operator_names(whole, network.layers),
        tasks=tuple(with_cut(task, values) for task, values in zip(data.tasks, predictions, strict=True)),
        ranges=data.train.ranges,
        tested=data.test.ranges,
        representative_images=len(ranged[0]),
        representative_seed=None if drawn is None else seed,
        dataset_sha256=data.sha256,
        dataset_source=data.source,
    )
    for note in (*scale_notes(network, data), *resolution_notes(model, network.ports, data.train)):
        print(f"note     {note}")
    inputs = artefacts.all_inputs(data.test.inputs, model)
    reference = artefacts.reference_of(model, inputs, data.test, predictions, data.sha256)
    manifest = artefacts.manifest_of(model, origin, reference)
    artefacts.write(out, model, reference, manifest)
    _report(manifest, out)


def _representative(
    network: Network, data: Dataset, representative: int | Path, seed: int
) -> tuple[tuple[NDArray[np.float32], ...], NDArray[np.int64] | None]:
    """The inputs that set the ranges and, where they were drawn from the training data, their indices."""
    if isinstance(representative, Path):
        return read_representative(representative, network.ports), None
    drawn = draw(data.train, data.tasks, representative, seed)
    return data.train.of(drawn).inputs, drawn


def checked_and_slim(
    converted: bytes, samples: Samples, runtime: str, network: Network
) -> tuple[Model, Model]:
    """The converter's flatbuffer as it is and slim, checked: `runtime` runs it, both compute the same.

    UserError where it does not; RuntimeError where the outputs for some of `samples` differ, which
    would be a bug of ours.
    """
    whole = parse_model(known_to_micro(in_keras_order(converted, network.ports)))
    check_runtimes(whole, runtime, operator_names(whole, network.layers))
    model = parse_model(slim(whole.data))
    inputs = artefacts.all_inputs(samples.of(slice(SLIM_CHECKS)).inputs, model)
    if not np.array_equal(tflm.outputs(whole, inputs), tflm.outputs(model, inputs)):
        raise RuntimeError("the slim flatbuffer computes something else than the converter's")
    return whole, model


def given(
    tflite_path: Path,
    data_path: Path | None,
    name: str | None,
    recipe: str,
    seed: int,
    runtime: str,
    out: Path,
    task: str = AUTO,
) -> None:
    """Take the flatbuffer at `tflite_path` as it is, run the reference over it, write the artefacts to `out`.

    Without `data_path` the inputs are random bytes drawn with `seed`, and nothing is known about accuracy.
    UserError where `runtime` does not run the model.
    """
    model = read_model(tflite_path)
    check_runtimes(model, runtime)
    ports = ports_of_flatbuffer(model)
    data = None if data_path is None else read_test_set(data_path, ports, task)
    if data is None:
        inputs = artefacts.random_inputs(model, RANDOM_INPUTS, seed)
        print(f"data     none: {RANDOM_INPUTS:,} random inputs, seed {seed}; accuracy is not measured")
    else:
        inputs = artefacts.all_inputs(data.test.inputs, model)
    origin = Origin(
        model=name or tflite_path.stem,
        recipe=recipe,
        method="given",
        layers=operator_names(model),
        tasks=_tasks_with_cuts(model, data.tasks) if data else (Task(UNKNOWN),) * len(model.outputs),
        ranges=tuple(held_range(model, model.tensors[index]) for index in model.inputs),
        tested=data.test.ranges if data else (None,) * len(model.inputs),
        dataset_sha256=data.sha256 if data else None,
        dataset_source=data.source if data else None,
    )
    samples = data.test if data else None
    reference = artefacts.reference_of(model, inputs, samples, None, origin.dataset_sha256)
    manifest = artefacts.manifest_of(model, origin, reference)
    artefacts.write(out, model, reference, manifest)
    _report(manifest, out)


def _tasks_with_cuts(model: Model, tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """The tasks of a flatbuffer's outputs, from the range that each can hold."""
    held = [held_range(model, model.tensors[index]) for index in model.outputs]
    return tuple(
        task if known is None else with_cut(task, np.array(known))
        for task, known in zip(tasks, held, strict=True)
    )


def check_runtimes(model: Model, asked: str, layers: tuple[str, ...] | None = None) -> None:
    """UserError where the runtime `asked` for, or the reference, cannot run `model`; a note for each other
    runtime that cannot. `layers` names the layer of each operator, where it is known."""
    runtimes.check(model, runtimes.RUNTIMES[asked], layers=layers)
    for name, runtime in runtimes.RUNTIMES.items():
        try:
            if name != asked:
                runtimes.check(model, runtime)
        except UserError as refusal:
            print(f"note     {refusal}")
    tflm.expect_no_abort(model)


def require_tensorflow() -> None:
    try:
        with captured_output():  # TensorFlow's remarks about processors and drivers
            import keras  # noqa: F401
            import tensorflow  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"quantising needs TensorFlow, and {error.name} is not installed; pip install '.[train]' "
            "brings it on Linux x86-64, elsewhere start from a committed model with RECIPE=pretrained"
        ) from error


def _report(manifest: Manifest, out: Path) -> None:
    print(f"model    {manifest.model}, {manifest.method}, {manifest.flatbuffer_bytes:,} bytes")
    print(f"layers   {' '.join(manifest.layers)}")
    print(f"images   {manifest.images:,}")
    for info, task, found in zip(manifest.outputs, manifest.tasks, manifest.scores, strict=True):
        models = (("float", found.float_model), ("int8", found.int8_model))
        told = [f"{kind} {score_text(scores)}" for kind, scores in models if scores]
        print(f"{info.name:<8} {task.kind}   {'   '.join(told) or 'no labels'}")
    print(f"arena    {manifest.arena_bytes:,} bytes recorded by TensorFlow Lite Micro")
    print(f"written  {out}/model.tflite, manifest.json, reference.npz")
