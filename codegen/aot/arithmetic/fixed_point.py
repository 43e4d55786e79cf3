"""The numbers that int8 kernels work with, computed the way TensorFlow Lite Micro computes them.

The functions follow tensorflow/lite/kernels/internal/quantization_util.cc and
tensorflow/lite/kernels/kernel_util.cc down to the type of each intermediate: a float32 product where TFLite
has one rounds differently from a float64 product, and one wrong bit in a multiplier shows in the outputs.
"""

import math
from dataclasses import dataclass

import numpy as np

from codegen.aot.arithmetic.gemmlowp import divide_by_power_of_two, high_multiply
from contract.errors import UserError

INT8_MIN, INT8_MAX = -128, 127
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

SOFTMAX_INTEGER_BITS = 5  # kScaledDiffIntegerBits: input differences of the softmax are Q5.26


@dataclass(frozen=True)
class Multiplier:
    """multiplier * 2^(shift - 31), with 2^30 <= multiplier < 2^31, or 0 for factors below 2^-32."""

    multiplier: int
    shift: int  # positive: to the left


def quantize_multiplier(factor: float) -> Multiplier:
    """QuantizeMultiplier: the fixed-point form of a factor of 0 or more, rounded half away from zero."""
    fraction, shift = math.frexp(factor)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:  # every product would be shifted out
        return Multiplier(0, 0)
    return Multiplier(multiplier, shift)


def quantize_multipliers(factors: tuple[float, ...], where: str) -> tuple[Multiplier, ...]:
    """The fixed-point form of requantisation factors. UserError, which names `where`, if one shifts left by
    over 30."""
    if not max(factors) < 2**30:
        raise UserError(
            f"{where} has scales that multiply its sums by {max(factors):g}, which is out of range; "
            "convert the model again"
        )
    return tuple(quantize_multiplier(factor) for factor in factors)


def sum_factors(input: float, weights: tuple[float, ...], output: float) -> tuple[float, ...]:
    """Input scale * weight scale / output scale, in float64: what turns sums of products into outputs.

    One factor for each scale of the weights. PopulateConvolutionQuantizationParams for convolutions and
    CalculateOpDataFullyConnected for dense layers, per tensor and per channel. For the latter the reference
    (tflite-micro 0.dev20261023182759) multiplies in float64. Its release of April 2025, and so the older
    Arduino libraries, round the product of per-tensor scales to float32 first
    (GetQuantizedConvolutionMultipler): outputs differ where a sum lies within 2^-24 of a rounding step.
    """
    return tuple(input * scale / output for scale in weights)


def activation_range(activation: str, scale: float, zero_point: int, where: str) -> tuple[int, int]:
    """CalculateActivationRangeQuantized: the least and the greatest quantised value of an output of this
    scale and zero point after the fused activation. UserError, which names `where`, for an activation that
    int8 kernels do not have."""

    def quantized(real: float) -> int:
        with np.errstate(over="ignore"):
            steps = float(np.float32(real) / np.float32(scale))
        if not abs(steps) <= INT32_MAX:
            raise UserError(
                f"{where} clamps an output of scale {scale:g} to {real:g}, which is out of range; convert "
                "the model again"
            )
        return zero_point + int(math.copysign(math.floor(abs(steps) + 0.5), steps))

    limits: dict[str, tuple[float | None, float | None]] = {
        "NONE": (None, None),
        "RELU": (0.0, None),
        "RELU6": (0.0, 6.0),
        "RELU_N1_TO_1": (-1.0, 1.0),
    }
    if activation not in limits:
        raise UserError(
            f"{where} has the fused activation {activation}; the engine has {', '.join(limits)}: "
            "make it a layer of its own"
        )
    least, greatest = limits[activation]
    return (
        INT8_MIN if least is None else max(INT8_MIN, quantized(least)),
        INT8_MAX if greatest is None else min(INT8_MAX, quantized(greatest)),
    )


def softmax_multiplier(beta: float, scale: float, where: str) -> Multiplier:
    """PreprocessSoftmaxScaling: what turns a difference of two inputs into Q5.26."""
    factor = min(beta * scale * 2 ** (31 - SOFTMAX_INTEGER_BITS), float(INT32_MAX))
    if factor <= 1.0:
        raise UserError(
            f"{where} has an input scale of {scale:g} and a beta of {beta:g}, too small for "
            "TensorFlow Lite Micro's softmax; convert the model again"
        )
    return quantize_multiplier(factor)


def softmax_least_difference(shift: int) -> int:
    """Below this difference to the greatest input an output is zero."""
    return -input_radius(SOFTMAX_INTEGER_BITS, shift)


def input_radius(integer_bits: int, shift: int) -> int:
    """CalculateInputRadius: from this distance to its zero point on, an input in fixed point saturates."""
    largest = ((1 << integer_bits) - 1) * (1 << (31 - integer_bits))
    return math.floor(largest / (1 << shift))


def q4_multiplier(scale: float, where: str) -> Multiplier:
    """What turns an input into Q4.27 (LogisticPrepare, CalculateArithmeticOpData of TANH). UserError, which
    names `where`, for a scale that TensorFlow Lite Micro cannot shift by."""
    fraction, shift = math.frexp(scale * 2**27)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if not 0 <= shift <= 62 or multiplier == 2**31:
        raise UserError(f"{where} has an input scale of {scale:g}, out of range; convert the model again")
    return Multiplier(multiplier, shift)


def scale_by(multiplier: Multiplier, value: int) -> int:
    """MultiplyByQuantizedMultiplier with its double rounding, of one value whose left shift fits int32."""
    high = high_multiply(value << max(0, multiplier.shift), multiplier.multiplier)
    return divide_by_power_of_two(high, max(0, -multiplier.shift))
