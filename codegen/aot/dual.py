"""The forms that make two multiply-accumulates an instruction: firmware/engines/aot/conv_2d_dual.h and
fully_connected_dual.h.

They take any shape. Weights stay int8; bias, zero points and everything else that is constant for a channel
are in the offset of its requantisation.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from codegen.aot.fusion import Pair
from codegen.aot.one_step import solve_layer as solve_one_step
from codegen.aot.operators.conv_2d import Convolution
from codegen.aot.operators.fully_connected import Dense
from codegen.aot.ranges import bias_without_zero_point, product_sums
from codegen.aot.requantization import channels_of, requantization
from codegen.aot.step import Constant, Step, Value

QUAD = 4  # bytes of a word
POSITIONS = 4  # windows of a convolution that share each weight
UNITS = 5  # units of a dense layer that share each input


def plan_convolution(pair: Pair, layer: str, pool_layer: str) -> Step | str:
    """The step, or why there is none."""
    conv, pool = pair.conv, pair.pool
    batch, height, width, channels = conv.input.shape
    if batch != 1:
        return f"its batch is {batch}"
    filters, filter_height, filter_width, _ = conv.weights.shape
    weights = _quads(conv.weights.reshape(filters, -1))
    quads = weights.shape[1] // QUAD
    requantized = _requantization(conv, conv.weights, pair.limits, np.zeros(filters, np.int64))
    window = (1, 1) if pool is None else pool.options.window
    groups = -(-window[0] * window[1] // POSITIONS)
    output_rows, output_columns = (
        (conv if pool is None else pool).rows,
        (conv if pool is None else pool).columns,
    )
    options = conv.options
    return Step(
        layer=layer,
        kernel="conv_2d_dual",
        header="conv_2d_dual.h",
        input=conv.input.index,
        output=pair.output,
        parameters={
            "input_height": height,
            "input_width": width,
            "channels": channels,
            "filter_height": filter_height,
            "filter_width": filter_width,
            "stride_height": options.stride[0],
            "stride_width": options.stride[1],
            "dilation_height": options.dilation[0],
            "dilation_width": options.dilation[1],
            "padding_top": conv.rows.padding,
            "padding_left": conv.columns.padding,
            "padding_value": conv.input.quantization.zero_point,
            "conv_height": conv.rows.outputs,
            "conv_width": conv.columns.outputs,
            "pool_height": window[0],
            "pool_width": window[1],
            "pool_stride_height": 1 if pool is None else pool.options.stride[0],
            "pool_stride_width": 1 if pool is None else pool.options.stride[1],
            "pool_padding_top": 0 if pool is None else pool.rows.padding,
            "pool_padding_left": 0 if pool is None else pool.columns.padding,
            "output_height": output_rows.outputs,
            "output_width": output_columns.outputs,
            "filters": filters,
            "quads": quads,
            "groups": groups,
            "weights": Constant(
                "weights",
                weights.reshape(filters, quads, QUAD),
                tuple(f"filter {index}" for index in range(filters)),
                word_aligned=True,
            ),
            "requantization": requantized,
        },
        description=conv.description
        if pool is None
        else (*conv.description, f"with {pool_layer}: {pool.description[0]}", pool.description[-1]),
        scratch=groups * quads * POSITIONS * 8 + quads * QUAD,
        fused=() if pool is None else (pool_layer,),
        reason=_reason(requantized),
    )


def plan_dense(dense: Dense, layer: str) -> Step:
    """The step."""
    units, depth = dense.weights.shape
    weights = _quads(dense.weights)
    # What the products of neighbouring weights add to every sum of a unit.
    pairs = (weights[:, 0::2].astype(np.int64) * weights[:, 1::2]).sum(axis=1)
    requantized = _requantization(dense, dense.weights, dense.limits, -pairs)
    quads = weights.shape[1] // QUAD
    blocks = units // UNITS
    together = weights[: blocks * UNITS].reshape(blocks, UNITS, quads, QUAD).transpose(0, 2, 1, 3)
    rows: tuple[str, ...] = ()
    ordered: NDArray[np.int8] = np.concatenate([together.ravel(), weights[blocks * UNITS :].ravel()])
    if blocks * UNITS == units:
        rows = tuple(f"units {first} to {first + UNITS - 1}" for first in range(0, units, UNITS))
        ordered = ordered.reshape(blocks, quads, UNITS * QUAD)
    return Step(
        layer=layer,
        kernel="fully_connected_dual",
        header="fully_connected_dual.h",
        input=dense.input.index,
        output=dense.output.index,
        parameters={
            "rows": dense.rows,
            "depth": depth,
            "units": units,
            "weights": Constant("weights", ordered, rows, word_aligned=True),
            "requantization": requantized,
        },
        description=dense.description,
        scratch=quads * 8,
        reason=_reason(requantized),
    )


def _reason(requantized: Mapping[str, Value]) -> str:
    step = (
        "requantised in one step"
        if "offsets" in requantized
        else "requantised by the reference's two roundings"
    )
    return f"2 products an instruction, {step}"


def _quads(weights: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows of weights, filled up with zeros to whole words."""
    return np.pad(weights, ((0, 0), (0, -weights.shape[1] % QUAD)))


def _requantization(
    layer: Convolution | Dense, weights: NDArray[np.int8], limits: tuple[int, int], origins: NDArray[np.int64]
) -> Mapping[str, Value]:
    """The fields of struct one_step for sums of weight * input less `origins`."""
    sums = product_sums(weights)
    bias = bias_without_zero_point(weights, layer.bias, layer.input.quantization.zero_point)
    farthest = max(np.abs(sums.least - origins).max(), np.abs(sums.greatest - origins).max())
    align = max(0, 31 - int(farthest).bit_length())
    channels = channels_of(layer.multipliers, layer.output, limits, sums, bias, origins)
    factors = list(np.broadcast_to(layer.factors, len(weights)))
    solved = solve_one_step(channels, factors, align, clamped=True)
    if solved is None:
        return {
            "bias": Constant("bias", (bias + origins).astype(np.int32)),
            "reference": requantization(layer.multipliers, layer.output, limits),
        }
    return {
        "multipliers": Constant("multipliers", solved.multipliers),
        "offsets": Constant("offsets", solved.offsets),
        "align": align,
        "shift": solved.shift,
        "minimum": limits[0],
        "maximum": limits[1],
    }
