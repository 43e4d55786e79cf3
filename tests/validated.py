"""A folder as make leaves it behind a validation, without building or running anything."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np

from codegen.generate import generate
from contract.layer_map import FILE_NAME as LAYER_MAP
from contract.manifest import read_manifest
from contract.reference import read_reference
from contract.validation import Answers, Validation, write_validation
from host.results import output_results
from tests.test_manifest import FIRMWARE

IMAGES = 600


def validated(model: Path, folder: Path) -> Path:
    """An image's folder below `folder` for the committed `model`, its answers equal to the reference but for
    one byte."""
    shutil.copytree(model, folder)
    image = folder / "mps2-an386-aot"
    image.mkdir()
    manifest, reference = read_manifest(folder / "manifest.json"), read_reference(folder / "reference.npz")
    outputs = reference.outputs[:IMAGES].copy()
    outputs[7] = np.roll(outputs[7], 1)
    (result,) = output_results(outputs, reference.of(np.arange(IMAGES)), manifest, None)
    answers = Answers(
        index=np.arange(IMAGES),
        outputs=outputs,
        ticks=np.full(IMAGES, 160_000, np.uint32),
        retries=np.zeros(IMAGES, np.int64),
    )
    validation = Validation(
        board="mps2-an386", engine="aot", link="semihosting", sha256=manifest.sha256,
        images=IMAGES, answered=IMAGES,
        device_accuracy=result.board["accuracy"], int8_accuracy=result.int8_model["accuracy"],
        float_accuracy=result.float_model["accuracy"], agree_float=result.agree_float,
        outputs=(result,), notes=(), bit_exact=IMAGES - 1, mismatches=1, retries=0, median_ticks=160_000.0,
        tick_hz=10**9, tick_unit="instruction", seconds=1.0, images_per_second=float(IMAGES),
        flash_bytes=15_000, model_bytes=7_000, ram_bytes=9_000, threshold=0.5, passed=False, noise="",
        answers_sha256="",
    )  # fmt: skip
    write_validation(image, validation, answers)
    dataclasses.replace(FIRMWARE, sha256=manifest.sha256).write(image)
    generated = folder / "generated"
    generate(folder / "model.tflite", folder / "manifest.json", "aot", "chirale", generated)
    shutil.copy(generated / LAYER_MAP, image)
    return image
