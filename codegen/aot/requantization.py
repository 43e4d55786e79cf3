"""How a kernel turns 32-bit sums into int8: struct requantization of firmware/engines/aot/requantize.h, and
its form of one multiplication."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from codegen.aot.one_step import Channel, Requantization
from codegen.aot.operands import Activation
from codegen.aot.quantization import Multiplier
from codegen.aot.ranges import Ranges
from codegen.aot.step import Constant, Value


def requantization(
    multipliers: tuple[Multiplier, ...], output: Activation, limits: tuple[int, int]
) -> Mapping[str, Value]:
    """The struct's fields, with one multiplier for each channel or one for all."""
    return {
        "multipliers": Constant("multipliers", np.array([m.multiplier for m in multipliers], np.int32)),
        "shifts": Constant("shifts", np.array([m.shift for m in multipliers], np.int8)),
        "per_channel": int(len(multipliers) > 1),
        "zero_point": output.quantization.zero_point,
        "minimum": limits[0],
        "maximum": limits[1],
    }


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
