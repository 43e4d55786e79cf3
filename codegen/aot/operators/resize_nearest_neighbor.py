"""RESIZE_NEAREST_NEIGHBOR: firmware/engines/aot/kernels/resize_nearest_neighbor.h."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.aot import describe
from codegen.aot.call import Constant, KernelCall
from codegen.aot.families.resizing import resized_image
from codegen.aot.operands import Activation
from contract.graph import Model, Operator
from contract.operators.resize_nearest_neighbor import ResizeNearestNeighborOptions


@dataclass(frozen=True)
class Resizing:
    """A checked RESIZE_NEAREST_NEIGHBOR."""

    operator: Operator
    input: Activation  # (batch, height, width, channels)
    output: Activation
    rows: NDArray[np.int32]  # the nearest row of the input for each of the output
    columns: NDArray[np.int32]
    description: tuple[str, ...]


def read(model: Model, operator: Operator) -> Resizing:
    """The operator with everything checked. UserError where its tensors do not fit together."""
    options = operator.options
    assert isinstance(options, ResizeNearestNeighborOptions)
    input, output, size = resized_image(model, operator)
    _, height, width, _ = input.shape
    return Resizing(
        operator=operator,
        input=input,
        output=output,
        rows=_nearest(height, size[0], options),
        columns=_nearest(width, size[1], options),
        description=(
            operator.name,
            describe.tensor("input", input.tensor),
            describe.tensor("output", output.tensor),
        ),
    )


def _nearest(inputs: int, outputs: int, options: ResizeNearestNeighborOptions) -> NDArray[np.int32]:
    """GetNearestNeighbor in tensorflow/lite/kernels/internal/reference/resize_nearest_neighbor.h, in float32:
    for each of `outputs` places the nearest of `inputs`."""
    if options.align_corners and outputs > 1:
        scale = np.float32(inputs - 1) / np.float32(outputs - 1)
    else:
        scale = np.float32(inputs) / np.float32(outputs)
    offset = np.float32(0.5 if options.half_pixel_centers else 0)
    half = 0.5 if options.align_corners else 0.0  # rounded half up, since no place is negative
    places = [math.floor(float((np.float32(place) + offset) * scale) + half) for place in range(outputs)]
    return np.minimum(places, inputs - 1).astype(np.int32)


def portable(resizing: Resizing) -> KernelCall:
    """The plain kernel."""
    batch, height, width, channels = resizing.input.shape
    return KernelCall(
        operators=(resizing.operator,),
        kernel="resize_nearest_neighbor",
        header="kernels/resize_nearest_neighbor.h",
        inputs=(resizing.input.index,),
        outputs=(resizing.output.index,),
        parameters={
            "batch": batch,
            "image_bytes": height * width * channels,
            "rows": len(resizing.rows),
            "columns": len(resizing.columns),
            "channels": channels,
            "row_offsets": Constant("row_offsets", resizing.rows * (width * channels)),
            "column_offsets": Constant("column_offsets", resizing.columns * channels),
        },
        description=resizing.description,
    )
