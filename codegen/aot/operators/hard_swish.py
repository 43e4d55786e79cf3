"""HARD_SWISH: a table (firmware/engines/aot/kernels/lookup.h)."""

from collections.abc import Callable

import numpy as np

from codegen.aot.arithmetic.fixed_point import Multiplier, quantize_multipliers
from codegen.aot.arithmetic.gemmlowp import divide_by_power_of_two
from codegen.aot.call import Alias, KernelCall
from codegen.aot.families.lookup import Lookup, lookup_call, read_lookup
from codegen.aot.families.real import Real
from codegen.aot.operands import CONVERT_AGAIN, Activation
from contract.errors import UserError
from contract.graph import Model, Operator

INT16_MIN, INT16_MAX = -(2**15), 2**15 - 1


def read(model: Model, operator: Operator) -> Lookup:
    """The operator with everything checked. UserError where its tensors do not fit together."""

    def function(input: Activation, output: Activation) -> Callable[[int], int]:
        """HardSwish in tensorflow/lite/kernels/internal/reference/hard_swish.h, in 16 bits, with the factors
        of HardSwishPrepare, which are products and quotients of float32."""
        fine = np.float32(1 / 128) * np.float32(input.scale)
        factors = (float(fine / np.float32(output.scale)), float(fine / (np.float32(3) / np.float32(32768))))
        to_output, to_reluish = quantize_multipliers(factors, str(operator))
        if to_output.shift > 0:
            raise UserError(
                f"{operator} has an output of scale {output.scale:g}, too small for an input of scale "
                f"{input.scale:g}; {CONVERT_AGAIN}"
            )
        output_factor, reluish_factor = _to_int16(to_output), _to_int16(to_reluish)

        def compute(value: int) -> int:
            fine_value = (value - input.zero_point) << 7
            preshift = _high_multiply(fine_value, output_factor)
            reluish = fine_value
            if to_reluish.shift > 0:
                reluish = _saturate(reluish << (to_reluish.shift - 1))
            reluish = _high_multiply(reluish, reluish_factor)
            if to_reluish.shift > 0:
                reluish = _saturate(reluish << 1)
            if to_reluish.shift < 0:
                reluish = divide_by_power_of_two(reluish, -to_reluish.shift)
            reluish = (reluish + (1 << 15)) >> 1
            product = reluish * preshift
            truncated = _saturate(int(product / (1 << 15)))  # towards zero
            return divide_by_power_of_two(truncated, -to_output.shift) + output.zero_point

        return compute

    return read_lookup(model, operator, function)


def _to_int16(multiplier: Multiplier) -> int:
    """DownScaleInt32ToInt16Multiplier: rounded to nearest, saturated."""
    return min(INT16_MAX, (multiplier.multiplier + (1 << 15)) >> 16)


def _high_multiply(a: int, b: int) -> int:
    """gemmlowp's SaturatingRoundingDoublingHighMul in 16 bits: a * b / 2^15, rounded, ties away from zero."""
    product = a * b
    nudge = 1 << 14 if product >= 0 else 1 - (1 << 14)
    return _saturate(int((product + nudge) / (1 << 15)))  # towards zero


def _saturate(value: int) -> int:
    return max(INT16_MIN, min(INT16_MAX, value))


def portable(lookup: Lookup) -> KernelCall | Alias:
    """The plain kernel."""
    return lookup_call(lookup)


def real(operator: Operator, input: Real) -> Real:
    """HardSwish in tensorflow/lite/kernels/internal/reference/hard_swish.h."""
    return input * np.clip(input + np.float32(3), np.float32(0), np.float32(6)) / np.float32(6)
