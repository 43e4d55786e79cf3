"""RESIZE_BILINEAR: firmware/engines/aot/kernels/resize_bilinear.h."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.call import Constant, KernelCall, Value
from codegen.aot.families.resizing import resized_image
from codegen.aot.operands import CONVERT_AGAIN, Activation
from contract.errors import UserError
from contract.graph import Model, Operator
from contract.operators.resize_bilinear import ResizeBilinearOptions

ONE = 1 << 10  # weights have ten bits


@dataclass(frozen=True)
class Axis:
    """For each place of the output along one dimension: the two places of the input, and the weight of the
    second, of 1,024 (below 0 or above that only where both are the same place)."""

    lower: NDArray[np.int32]
    upper: NDArray[np.int32]
    weight: NDArray[np.int32]


@dataclass(frozen=True)
class Resizing:
    """A checked RESIZE_BILINEAR."""

    operator: Operator
    input: Activation  # (batch, height, width, channels)
    output: Activation
    rows: Axis
    columns: Axis
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Resizing:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    options = operator.options
    assert isinstance(options, ResizeBilinearOptions)
    input, output, size = resized_image(model, operator)
    if options.align_corners and options.half_pixel_centers:
        raise UserError(
            f"{operator} aligns corners and has half pixel centers, which TensorFlow Lite Micro refuses "
            "together; "
            f"{CONVERT_AGAIN}"
        )
    _, height, width, _ = input.shape
    return Resizing(
        operator=operator,
        input=input,
        output=output,
        rows=_axis(height, size[0], options),
        columns=_axis(width, size[1], options),
        description=(
            operator.name,
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def _axis(inputs: int, outputs: int, options: ResizeBilinearOptions) -> Axis:
    """ResizeBilinearInteger and ComputeInterpolationValuesInteger in
    tensorflow/lite/kernels/internal/reference/resize_bilinear.h; its divisions round towards zero."""
    scale = (ONE * inputs + outputs // 2) // outputs
    if options.align_corners and outputs > 1:
        scale = (ONE * (inputs - 1) + (outputs - 1) // 2) // (outputs - 1)
    places = np.arange(outputs) * scale
    if options.half_pixel_centers:
        places += scale // 2 - ONE // 2
    lower = np.maximum(np.trunc(places / ONE), 0).astype(np.int64)
    upper = np.minimum(np.trunc((places + ONE - 1) / ONE), inputs - 1).astype(np.int64)
    return Axis(lower.astype(np.int32), upper.astype(np.int32), (places - ONE * lower).astype(np.int32))


def portable(resizing: Resizing) -> KernelCall:
    """The plain kernel."""
    batch, height, width, channels = resizing.input.shape
    return KernelCall(
        operators=(resizing.operator,),
        kernel="resize_bilinear",
        header="kernels/resize_bilinear.h",
        inputs=(resizing.input.index,),
        outputs=(resizing.output.index,),
        parameters={
            "batch": batch,
            "image_bytes": height * width * channels,
            "channels": channels,
            "rows": _fields("row", resizing.rows, width * channels),
            "columns": _fields("column", resizing.columns, channels),
        },
        description=resizing.description,
    )


def _fields(name: str, axis: Axis, stride: int) -> Mapping[str, Value]:
    return {
        "count": len(axis.lower),
        "lower": Constant(f"{name}_lower", axis.lower * stride),
        "upper": Constant(f"{name}_upper", axis.upper * stride),
        "weight": Constant(f"{name}_weight", axis.weight),
    }
