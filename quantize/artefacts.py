"""model.tflite, reference.npz and manifest.json: one quantised model with what a board must answer."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from contract.files import write_bytes
from contract.graph import Model, Tensor
from contract.manifest import Manifest, OutputScores, TensorInfo
from contract.reference import Reference, joined, real_values, stored_values
from contract.scores import scores
from contract.task import Task
from contract.tensor_names import tensor_names
from quantize import tflm
from quantize.dataset import Samples
from quantize.ports import quantised_input

BEYOND = 8  # steps by which random FLOAT32 inputs leave the range of int8, so that clamping is seen too

LIBRARIES = ("tensorflow", "keras", "tf-keras", "tensorflow-model-optimization", "tflite-micro", "numpy")


Range = tuple[float, float] | None  # lowest and highest; None where nothing is known


@dataclass(frozen=True)
class Origin:
    """How the model came about; the fields are those of the manifest."""

    model: str
    recipe: str
    method: str
    layers: tuple[str, ...]
    tasks: tuple[Task, ...]
    ranges: tuple[Range, ...]  # lowest and highest real value of each input in training
    tested: tuple[Range, ...]  # and in the test set
    representative_images: int | None = None
    representative_seed: int | None = None
    dataset_sha256: str | None = None
    dataset_source: str | None = None


def model_inputs(images: NDArray[np.float32], tensor: Tensor) -> NDArray[Any]:
    """The images as the model's input `tensor` takes them: as they are where it is FLOAT32, else
    round(image / scale) + zero point."""
    if tensor.type in ("INT32", "BOOL"):
        return images.astype(tensor.dtype)
    return stored_values(images, tensor.dtype, *tensor.scale_and_zero_point)


def all_inputs(inputs: Sequence[NDArray[np.float32]], model: Model) -> NDArray[Any]:
    """The real `inputs` of each of the model's, as contract.reference holds them."""
    tensors = [model.tensors[index] for index in model.inputs]
    return joined([model_inputs(one, tensor) for one, tensor in zip(inputs, tensors, strict=True)])


def random_inputs(model: Model, count: int, seed: int) -> NDArray[Any]:
    """`count` inputs drawn with `seed`, as contract.reference holds them: any value of an input's type or,
    where it is FLOAT32, values over the range that the QUANTIZE behind it takes, and a little beyond (around
    0 if nobody reads it)."""
    rng = np.random.default_rng(seed)
    return joined([_random_input(model, model.tensors[index], count, rng) for index in model.inputs])


def _random_input(model: Model, tensor: Tensor, count: int, rng: np.random.Generator) -> NDArray[Any]:
    shape = (count, *tensor.shape[1:])
    if tensor.type == "BOOL":
        return rng.integers(0, 2, shape).astype(np.bool_)
    if (size := _gathered_from(model, tensor)) is not None:
        return rng.integers(0, size, shape, tensor.dtype)
    if tensor.type != "FLOAT32":
        limits = np.iinfo(tensor.dtype)
        return rng.integers(limits.min, limits.max, shape, tensor.dtype, endpoint=True)
    quantised = quantised_input(model, tensor)
    if quantised.quantization is None:
        return rng.standard_normal(shape).astype(np.float32)
    scale, zero_point = quantised.scale_and_zero_point
    low, high = -128 - BEYOND - zero_point, 127 + BEYOND - zero_point
    return (scale * rng.uniform(low, high, shape)).astype(np.float32)


def _gathered_from(model: Model, tensor: Tensor) -> int | None:
    """How many slices a GATHER has from which the input takes some: others would be read from anywhere."""
    for operator in model.readers.get(tensor.index, ()):
        if operator.name == "GATHER" and operator.inputs[1] == tensor.index:
            data = model.tensors[operator.inputs[0]]
            return data.shape[getattr(operator.options, "axis", 0)]
    return None


def reference_of(
    model: Model,
    inputs: NDArray[Any],
    samples: Samples | None,
    float_predictions: tuple[NDArray[np.float32], ...] | None,
    dataset_sha256: str | None,
) -> Reference:
    """Run TensorFlow Lite Micro over all `inputs` (N, *input shape), with a progress bar on stderr. `samples`
    are where they come from; None: from nowhere."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reference by TensorFlow Lite Micro", total=len(inputs))
        outputs = tflm.outputs(model, inputs, lambda images: progress.advance(task, images))
    return Reference(
        inputs=inputs,
        outputs=outputs,
        targets=(None,) * len(model.outputs) if samples is None else samples.targets,
        float_predictions=float_predictions,
        sha256=model.sha256,
        dataset_sha256=dataset_sha256 or "",
        anomalies=None if samples is None else samples.anomalies,
    )


def manifest_of(model: Model, origin: Origin, reference: Reference) -> Manifest:
    """The manifest of `model` and its `reference`."""
    outputs = _tensor_infos("output", model, model.outputs)
    predictions = reference.float_predictions or (None,) * len(outputs)
    int8 = real_values(reference.outputs, outputs)
    found = [
        OutputScores(
            float_model={} if exact is None else scores(task, exact, targets, reference.anomalies),
            int8_model=scores(task, rounded, targets, reference.anomalies),
        )
        for task, rounded, exact, targets in zip(
            origin.tasks, int8, predictions, reference.targets, strict=True
        )
    ]
    inputs = []
    for info, known, tested in zip(
        _tensor_infos("input", model, model.inputs), origin.ranges, origin.tested, strict=True
    ):
        (lowest, highest), (least, most) = known or (None, None), tested or (None, None)
        inputs.append(replace(info, lowest=lowest, highest=highest, tested_lowest=least, tested_highest=most))
    return Manifest(
        model=origin.model,
        recipe=origin.recipe,
        method=origin.method,
        sha256=model.sha256,
        flatbuffer_bytes=len(model.data),
        inputs=tuple(inputs),
        outputs=outputs,
        tasks=origin.tasks,
        layers=origin.layers,
        images=len(reference.inputs),
        scores=tuple(found),
        arena_bytes=tflm.arena_bytes(model),
        representative_images=origin.representative_images,
        representative_seed=origin.representative_seed,
        dataset_sha256=origin.dataset_sha256,
        dataset_source=origin.dataset_source,
        versions=_versions(origin.method),
    )


def write(folder: Path, model: Model, reference: Reference, manifest: Manifest) -> None:
    """Write the three files; the flatbuffer last, since the Makefile takes it as the sign of all three."""
    reference.write(folder / "reference.npz")
    manifest.write(folder / "manifest.json")
    write_bytes(folder / "model.tflite", model.data)


def _tensor_infos(what: str, model: Model, indices: Sequence[int]) -> tuple[TensorInfo, ...]:
    infos = []
    for index, name in zip(indices, tensor_names(model, indices, what), strict=True):
        tensor = model.tensors[index]
        scale, zero_point = tensor.scale_and_zero_point
        infos.append(TensorInfo(name, tensor.type.lower(), tensor.shape, scale, zero_point))
    return tuple(infos)


def _versions(method: str) -> dict[str, str]:
    used = {
        "ptq": ("tensorflow", "keras", "tflite-micro", "numpy"),
        "qat": LIBRARIES,
        "given": ("tflite-micro", "numpy"),
    }[method]
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in used}
