"""How a plain kernel turns 32-bit sums into int8: firmware/engines/aot/arithmetic/requantize.h."""

from collections.abc import Mapping

import numpy as np

from codegen.aot.arithmetic.fixed_point import Multiplier
from codegen.aot.call import Constant, Value
from codegen.aot.operands import Activation


def requantization(
    multipliers: tuple[Multiplier, ...], output: Activation, limits: tuple[int, int]
) -> Mapping[str, Value]:
    """The fields of struct thimble_requantization, with one multiplier for each channel or one for all."""
    return {
        "multipliers": Constant("multipliers", np.array([m.multiplier for m in multipliers], np.int32)),
        "shifts": Constant("shifts", np.array([m.shift for m in multipliers], np.int8)),
        "per_channel": int(len(multipliers) > 1),
        "zero_point": output.quantization.zero_point,
        "minimum": limits[0],
        "maximum": limits[1],
    }
