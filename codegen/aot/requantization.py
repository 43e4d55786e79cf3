"""How a kernel turns 32-bit sums into int8: struct requantization of firmware/engines/aot/requantize.h."""

from collections.abc import Mapping

import numpy as np

from codegen.aot.operands import Activation
from codegen.aot.quantization import Multiplier
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
