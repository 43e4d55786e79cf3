"""Requantisation in one step, where it is proven equal: firmware/engines/aot/arithmetic/one_step.h."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from codegen.aot.arithmetic.fixed_point import Multiplier
from codegen.aot.arithmetic.one_step import Channel, Requantization, solve_layer
from codegen.aot.arithmetic.ranges import Ranges, bias_without_zero_point, product_sums
from codegen.aot.call import Constant, Value
from codegen.aot.families.sums import Summing
from codegen.aot.operands import Activation
from codegen.aot.requantization import requantization

MOST_ALIGN = 30  # the kernel multiplies by 2^align, an int32


def one_step(
    layer: Summing, weights: NDArray[np.int8], limits: tuple[int, int], origins: NDArray[np.int64]
) -> Mapping[str, Value]:
    """The fields of struct thimble_one_step for sums of weight * input less `origins`."""
    sums = product_sums(weights)
    bias = bias_without_zero_point(weights, layer.bias, layer.input.quantization.zero_point)
    farthest = max(np.abs(sums.least - origins).max(), np.abs(sums.greatest - origins).max())
    align = max(0, min(MOST_ALIGN, 31 - int(farthest).bit_length()))
    channels = channels_of(layer.multipliers, layer.output, limits, sums, bias, origins)
    factors = list(np.broadcast_to(layer.factors, len(weights)))
    solved = solve_layer(channels, factors, align, clamped=True)
    if solved is None:
        return {
            "bias": Constant("bias", (bias + origins).astype(np.int32)),
            "reference": requantization(layer.multipliers, layer.output, limits),
        }
    return {
        "steps": Constant("steps", np.stack([solved.multipliers, solved.offsets], axis=1)),
        "align": align,
        "shift": solved.shift,
        "minimum": limits[0],
        "maximum": limits[1],
    }


def reason_of(requantized: Mapping[str, Value]) -> str:
    """What --explain says of the fields."""
    step = (
        "requantised in one step"
        if "steps" in requantized
        else "requantised by the reference's two roundings"
    )
    return f"2 products an instruction, {step}"


def channels_of(
    multipliers: tuple[Multiplier, ...],
    output: Activation,
    limits: tuple[int, int],
    sums: Ranges,
    bias: NDArray[np.int64],
    origins: NDArray[np.int64] | None = None,
) -> list[Channel]:
    """Each channel of a layer. Sums without bias lie in `sums`; aligned sums count from `origins`, or 0."""
    count = len(bias)
    return [
        Channel(
            Requantization(multipliers[index % len(multipliers)], output.quantization.zero_point, limits),
            int(sums.least[index]),
            int(sums.greatest[index]),
            int(bias[index]),
            0 if origins is None else int(origins[index]),
        )
        for index in range(count)
    ]
