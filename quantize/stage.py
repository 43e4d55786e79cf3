"""The two ways through this stage: a float model that is quantised, or a flatbuffer taken as it is."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract import runtimes
from contract.errors import UserError
from contract.flatbuffer import parse_model, read_model
from contract.graph import Model
from contract.manifest import Manifest
from quantize import artefacts, ptq, qat, tflm
from quantize.artefacts import Origin
from quantize.capture import captured_output
from quantize.dataset import draw_balanced, read_dataset, read_test_set
from quantize.naming import operator_names
from quantize.slim import slim

RANDOM_INPUTS = 1000  # for a flatbuffer without data
SLIM_CHECKS = 50  # images on which the slim flatbuffer must equal the converter's


def quantise(
    model_path: Path,
    data_path: Path,
    out: Path,
    name: str | None,
    recipe: str,
    method: str,
    representative: int,
    seed: int,
    runtime: str,
) -> None:
    """Quantise the Keras model at `model_path` by `method` (ptq or qat), write the artefacts to `out`.

    `representative` training images, drawn with `seed`, set the ranges (for QAT, where they start). `name`
    (or else the file's) and `recipe` go into the manifest. UserError where model or data are not what this
    stage takes, or `runtime`, a key of contract.runtimes.RUNTIMES, could not run the result.
    """
    require_tensorflow()
    from quantize.network import load_network

    network = load_network(model_path)
    data = read_dataset(data_path, network.input_shape, network.outputs)
    drawn = draw_balanced(data.y_train, representative, seed)
    if method == "qat":
        converted = qat.fine_tuned(network, data, drawn, seed).flatbuffer
    else:
        converted = ptq.converted(network.single, data.x_train[drawn])
    whole, model = checked_and_slim(converted, data.x_test, runtime)
    inputs = artefacts.model_inputs(data.x_test, model.input)
    origin = Origin(
        model=name or model_path.stem,
        recipe=recipe,
        method=method,
        layers=operator_names(whole, network.layers),
        classes=data.classes,
        representative_images=len(drawn),
        representative_seed=seed,
        dataset_sha256=data.sha256,
        dataset_source=data.source,
    )
    predictions = network.predict(data.x_test)
    reference = artefacts.reference_of(model, inputs, data.y_test, predictions, data.sha256)
    manifest = artefacts.manifest_of(model, origin, reference)
    artefacts.write(out, model, reference, manifest)
    _report(manifest, out)


def checked_and_slim(converted: bytes, images: NDArray[np.float32], runtime: str) -> tuple[Model, Model]:
    """The converter's flatbuffer as it is and slim, checked: `runtime` runs it, both compute the same.

    UserError where it does not; RuntimeError where the outputs for some of `images` differ, which
    would be a bug of ours.
    """
    whole = parse_model(converted)
    check_runtimes(whole, runtime)
    model = parse_model(slim(converted))
    inputs = artefacts.model_inputs(images[:SLIM_CHECKS], model.input)
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
) -> None:
    """Take the flatbuffer at `tflite_path` as it is, run the reference over it, write the artefacts to `out`.

    Without `data_path` the inputs are random bytes drawn with `seed`, and nothing is known about accuracy.
    UserError where `runtime` does not run the model.
    """
    model = read_model(tflite_path)
    check_runtimes(model, runtime)
    if data_path is not None and (len(model.inputs), len(model.outputs)) != (1, 1):
        raise UserError(
            f"{tflite_path.name} has {len(model.inputs)} inputs and {len(model.outputs)} outputs; data can "
            "be given to models with one of each, others are validated with random inputs: leave DATA= out"
        )
    if data_path is None:
        inputs = artefacts.random_inputs(model, RANDOM_INPUTS, seed)
        data, labels = None, None
        print(f"data     none: {RANDOM_INPUTS:,} random inputs, seed {seed}; accuracy is not measured")
    else:
        data = read_test_set(data_path, model.input.shape[1:], model.output.elements)
        inputs, labels = artefacts.model_inputs(data.x_test, model.input), data.y_test
    origin = Origin(
        model=name or tflite_path.stem,
        recipe=recipe,
        method="given",
        layers=operator_names(model),
        classes=data.classes if data else tuple(str(label) for label in range(model.output.elements)),
        dataset_sha256=data.sha256 if data else None,
        dataset_source=data.source if data else None,
    )
    reference = artefacts.reference_of(model, inputs, labels, None, origin.dataset_sha256)
    manifest = artefacts.manifest_of(model, origin, reference)
    artefacts.write(out, model, reference, manifest)
    _report(manifest, out)


def check_runtimes(model: Model, asked: str) -> None:
    """UserError where the runtime `asked` for, or the reference, cannot run `model`; a note for each other
    runtime that cannot."""
    runtimes.check(model, runtimes.RUNTIMES[asked])
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
    accuracy = manifest.accuracy
    shares = [
        f"{kind} {share:.2%}"
        for kind, share in (("float", accuracy.float_model), ("int8", accuracy.int8_model))
        if share is not None
    ]
    print(f"model    {manifest.model}, {manifest.method}, {manifest.flatbuffer_bytes:,} bytes")
    print(f"layers   {' '.join(manifest.layers)}")
    print(f"images   {accuracy.images:,}   {'   '.join(shares) or 'no labels'}")
    print(f"arena    {manifest.arena_bytes:,} bytes recorded by TensorFlow Lite Micro")
    print(f"written  {out}/model.tflite, manifest.json, reference.npz")
