"""The baseline that PyPI has: bakenn 1.0.0, an ahead-of-time compiler of its own to C, with and without
CMSIS-NN.

bakenn brings the CMSIS-NN sources it calls. Its C is compiled by the same Makefile, with the same flags and
into the same bare image as this project's engine.
"""

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.build import generate
from bench.surgery import add_reshape_options, cut_softmax
from contract.errors import UserError
from contract.files import write_bytes, write_text

FORMS = ("bakenn-portable", "bakenn-cmsis")


@dataclass(frozen=True)
class CutModel:
    """The flatbuffer that bakenn gets, and what TensorFlow Lite Micro computes with it."""

    flatbuffer: Path
    outputs: NDArray[np.int8]  # (N, classes): the logits


@dataclass(frozen=True)
class Sources:
    """What bakenn made of the model."""

    generated: Path  # weights and calls: the Makefile's GENERATED
    engine: Path  # kernels: its ENGINE_DIR
    note: str  # what stands beside the figures


def check_installed() -> None:
    """UserError where the packages of the extra `bench` are missing."""
    for package in ("bakenn", "tflite", "tflite_micro"):
        if importlib.util.find_spec(package) is None:
            raise UserError(
                f"{package} is not installed; run pip install '.[bench]', or compare with --no-baselines"
            )


def cut_model(tflite: Path, inputs: NDArray[np.int8], out: Path) -> CutModel:
    """Write the flatbuffer without its softmax to `out`; run the reference runtime on `inputs` (N, ...)."""
    from tflite_micro import runtime

    data = add_reshape_options(cut_softmax(tflite.read_bytes()))
    write_bytes(out, data)
    interpreter = runtime.Interpreter.from_bytes(data)
    outputs = []
    for image in inputs:
        interpreter.set_input(image[np.newaxis], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0])
    return CutModel(out, np.stack(outputs).astype(np.int8, casting="no"))


def write_sources(form: str, model: CutModel, folder: Path) -> Sources:
    """Compile the model with bakenn, in one of FORMS, into `folder`. UserError where it refuses the model.

    Model and kernels get folders of their own, so that the model's constants are counted like those of this
    project's engine.
    """
    import bakenn

    cmsis = bakenn.CBackendOptions(
        kernel_policy=bakenn.KernelPolicy.STATIC_PRIORITY, enable_cmsis_nn=True, target=bakenn.CORTEX_M4
    )
    generated, engine = folder / "generated", folder / "engine"
    shutil.rmtree(folder, ignore_errors=True)
    options = cmsis if form == "bakenn-cmsis" else None
    try:
        compiled = bakenn.compile_tflite(
            model.flatbuffer.read_bytes(), generated, name="model", backend_options=options
        )
    except bakenn.BakeNNError as error:
        raise UserError(f"bakenn refuses the model: {error}") from error
    artifacts = compiled.artifacts
    engine.mkdir()
    shutil.move(artifacts.kernels_source, engine)
    for source in artifacts.support_sources:
        shutil.copy(source, engine)
    shutil.copy(Path(__file__).parent / "bakenn_engine.c", engine)
    includes = " ".join(f"-isystem {path.resolve()}" for path in artifacts.support_include_dirs)
    # Third-party code is compiled without our warnings.
    write_text(engine / "engine.mk", f"ENGINE_FLAGS := -w -DBAKENN_CMSIS_NN_BUILTIN_MEMORY {includes}\n")
    generate(model.flatbuffer, None, folder / "info")
    for name in ("model_info.c", "model_info.h"):
        shutil.copy(folder / "info" / name, generated)
    kernels = [step.kernel_id for step in compiled.memory_report.steps]
    return Sources(generated, engine, _note(kernels))


def _note(kernels: list[str]) -> str:
    from_cmsis = sum(kernel.startswith("cmsis_nn.") for kernel in kernels)
    return (
        "the softmax cut off the flatbuffer, ReshapeOptions added; the logits compared with TensorFlow Lite "
        f"Micro on the same cut flatbuffer; {from_cmsis} of {len(kernels)} steps by CMSIS-NN"
    )
