"""What kernels with two weights in an int16 lane ask of a layer: arithmetic/lanes.h."""

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import INT8_MIN
from codegen.aot.arithmetic.ranges import bias_without_zero_point, product_sums
from codegen.aot.arithmetic.wide_step import WideStep, solve_wide
from codegen.aot.families.sums import Summing
from codegen.aot.variants.one_step import channels_of

SCALE = 256  # of the sums that are requantised
MOST_SUM = 2**23 - 1  # by which sums are told from each other, and times 256 within int32


def lane_step(layer: Summing, weights: NDArray[np.int8], limits: tuple[int, int]) -> WideStep | str:
    """The requantisation of the sums of weights (filters, ...) * inputs, or why they cannot lie in lanes."""
    if weights.min() == INT8_MIN:
        return "a weight is -128: two of them in an int16 reach to 127 * 257"
    sums = product_sums(weights)
    farthest = int(max(-sums.least.min(), sums.greatest.max()))
    if farthest > MOST_SUM:
        return f"its sums reach to {farthest:,}, of {MOST_SUM:,}"
    bias = bias_without_zero_point(weights, layer.bias, layer.input.quantization.zero_point)
    channels = channels_of(layer.multipliers, layer.output, limits, sums, bias)
    step = solve_wide(channels, list(np.broadcast_to(layer.factors, len(weights))), SCALE)
    return "its requantisation has no form of one multiplication" if step is None else step
