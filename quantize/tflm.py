"""The reference runtime: TensorFlow Lite Micro, from the package tflite-micro, with its reference kernels.

Its outputs are those of the Arduino libraries byte for byte, which LiteRT's are not always.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.errors import UserError
from contract.graph import NUMPY_TYPES, Model, Tensor
from contract.reference import joined
from quantize.capture import captured_output

ROOT = Path(__file__).parent.parent  # where `python -m quantize...` is found

# The recording allocator's own records, on top of the tensors themselves.
ARENA_OVERHEAD_BYTES = 200_000


def interpreter(model: Model, keep_tensors: bool = False) -> Any:
    """A TensorFlow Lite Micro interpreter for `model`.

    With `keep_tensors` no two tensors share memory, so that each can be read after an inference, and nothing
    is recorded about the arena. UserError where tflite-micro is not installed or cannot run the model.
    """
    try:
        from tflite_micro import runtime
    except ImportError as error:
        raise UserError(
            "the reference runtime tflite-micro is not installed; its wheels exist for Linux x86-64 alone, "
            "where pip install '.[train]' brings it; elsewhere start from a committed model with "
            "RECIPE=pretrained"
        ) from error
    tensors = [tensor for tensor in model.tensors if tensor.type in NUMPY_TYPES]
    arena = ARENA_OVERHEAD_BYTES + 2 * sum(tensor.bytes for tensor in tensors)
    config = runtime.InterpreterConfig
    try:
        with captured_output() as printed:
            return runtime.Interpreter.from_bytes(
                model.data,
                arena_size=arena,
                intrepreter_config=config.kPreserveAllTensors
                if keep_tensors
                else config.kAllocationRecording,
            )
    except Exception as error:  # its wrapper in Python reads the file without checking it
        reason = " ".join(printed.text.split()) or str(error) or type(error).__name__
        raise UserError(f"TensorFlow Lite Micro cannot run the model: {reason}") from error


def expect_no_abort(model: Model) -> None:
    """UserError where TensorFlow Lite Micro ends the process that runs `model`, which a trial finds out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(model.data)
        command = [sys.executable, "-m", f"{__package__}.trial", str(path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True)
    if done.returncode > 0:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise UserError(f"TensorFlow Lite Micro cannot run the model: {said.removeprefix('error: ')}")
    if done.returncode < 0:
        raise UserError(
            "TensorFlow Lite Micro aborts on the model without saying why; most often a scale is out of its "
            "range, as in a network that is not trained: look at the scales, and quantise it again with "
            "representative data"
        )


def outputs(
    model: Model, inputs: NDArray[Any], advance: Callable[[int], None] = lambda images: None
) -> NDArray[Any]:
    """The outputs for `inputs`, one inference each in their order, both as contract.reference holds them.

    `advance` is told how many images were answered since the last time.
    """
    runner = interpreter(model)
    answers = [np.empty((len(inputs), *one.shape[1:]), one.dtype) for one in _outputs(model)]
    for index, image in enumerate(inputs):
        for place, value in enumerate(parts(image, model)):
            runner.set_input(value, place)
        invoke(runner)
        for place, answer in enumerate(answers):
            answer[index] = runner.get_output(place).reshape(answer.shape[1:])
        advance(1)
    return joined(answers)


def invoke(runner: Any) -> None:
    """Run one inference. UserError with what TensorFlow Lite Micro said where it fails."""
    try:
        runner.invoke()
    except RuntimeError as error:
        raise UserError(
            f"TensorFlow Lite Micro fails while it runs the model ({error}), most often on a value that an "
            "operator is not defined for (RSQRT and SQRT below 0): change the layer it comes from"
        ) from error


def _outputs(model: Model) -> list[Tensor]:
    return [model.tensors[index] for index in model.outputs]


def parts(image: NDArray[Any], model: Model) -> list[NDArray[Any]]:
    """What each input of the model gets of one image."""
    tensors = [model.tensors[index] for index in model.inputs]
    if len(tensors) == 1:
        return [image.reshape(tensors[0].shape)]
    ends = np.cumsum([tensor.bytes for tensor in tensors])[:-1]
    parts = np.split(image, ends)
    return [
        part.copy().view(tensor.dtype).reshape(tensor.shape)
        for part, tensor in zip(parts, tensors, strict=True)
    ]


def zeros(model: Model) -> NDArray[Any]:
    """One image of zeros, as contract.reference holds it."""
    tensors = [model.tensors[index] for index in model.inputs]
    return joined([np.zeros((1, *tensor.shape[1:]), tensor.dtype) for tensor in tensors])


def arena_bytes(model: Model) -> int:
    """The bytes of tensor arena that TensorFlow Lite Micro recorded for `model` on this (64-bit) machine."""
    runner = interpreter(model)
    for place, value in enumerate(parts(zeros(model)[0], model)):
        runner.set_input(value, place)
    runner.invoke()
    with captured_output() as printed:
        runner.print_allocations()
    total = re.search(r"Arena allocation total (\d+) bytes", printed.text)
    if total is None:
        raise RuntimeError(f"tflite-micro printed no arena total but {printed.text!r}")
    return int(total[1])
