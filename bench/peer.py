"""The peer that PyPI has: bakenn 1.0.0, an ahead-of-time compiler of its own to C, with and without CMSIS-NN.

bakenn brings the CMSIS-NN sources it calls. Its C is compiled by the same Makefile, with the same flags and
into the same bare image as this project's engine.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.build import generate
from bench.surgery import add_reshape_options, cut_softmax
from contract.errors import UserError
from contract.files import write_bytes, write_text

NOTE = (
    "softmax cut off the flatbuffer, ReshapeOptions added; "
    "its logits compared with TensorFlow Lite Micro on the same cut flatbuffer"
)
FORMS = ("bakenn-portable", "bakenn-cmsis")
_INSTALL = "install the extra: pip install .[bench]"


@dataclass(frozen=True)
class CutModel:
    """The flatbuffer that bakenn gets, and what TensorFlow Lite Micro computes with it."""

    flatbuffer: Path
    outputs: NDArray[np.int8]  # (N, classes): the logits


def cut_model(tflite: Path, inputs: NDArray[np.int8], out: Path) -> CutModel:
    """Write the flatbuffer without its softmax to `out`; run the reference runtime on `inputs` (N, ...)."""
    try:
        from tflite_micro import runtime
    except ImportError as error:
        raise UserError(f"tflite-micro, the reference runtime, is not installed; {_INSTALL}") from error
    data = add_reshape_options(cut_softmax(tflite.read_bytes()))
    write_bytes(out, data)
    interpreter = runtime.Interpreter.from_bytes(data)
    outputs = []
    for image in inputs:
        interpreter.set_input(image[np.newaxis], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0])
    return CutModel(out, np.stack(outputs).astype(np.int8, casting="no"))


def write_sources(form: str, model: CutModel, folder: Path) -> tuple[Path, Path]:
    """Compile the model with bakenn; returns the folders for GENERATED and ENGINE_DIR of the Makefile.

    GENERATED gets the model (weights and calls), ENGINE_DIR the kernels, so that the model's constants are
    counted like those of this project's engine.
    """
    try:
        import bakenn
    except ImportError as error:
        raise UserError(f"bakenn is not installed; {_INSTALL}") from error
    cmsis = bakenn.CBackendOptions(
        kernel_policy=bakenn.KernelPolicy.STATIC_PRIORITY, enable_cmsis_nn=True, target=bakenn.CORTEX_M4
    )
    generated, engine = folder / "generated", folder / "engine"
    shutil.rmtree(folder, ignore_errors=True)
    artifacts = bakenn.compile_tflite(
        model.flatbuffer.read_bytes(),
        generated,
        name="model",
        backend_options=cmsis if form == "bakenn-cmsis" else None,
    ).artifacts
    engine.mkdir()
    shutil.move(artifacts.kernels_source, engine)
    for source in artifacts.support_sources:
        shutil.copy(source, engine)
    shutil.copy(Path(__file__).parent / "bakenn_engine.c", engine)
    includes = " ".join(f"-isystem {path.resolve()}" for path in artifacts.support_include_dirs)
    # Third-party code is compiled without our warnings.
    write_text(engine / "engine.mk", f"ENGINE_FLAGS := -w -DBAKENN_CMSIS_NN_BUILTIN_MEMORY {includes}\n")
    generate(model.flatbuffer, None, folder / "info")
    shutil.copy(folder / "info" / "model_info.c", generated)
    return generated, engine
