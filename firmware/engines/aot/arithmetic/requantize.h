/* Fixed-point arithmetic, bit for bit that of TensorFlow Lite Micro with its default, double
 * rounding (MultiplyByQuantizedMultiplier in tensorflow/lite/kernels/internal/common.cc, on
 * gemmlowp's fixedpoint/fixedpoint.h). Shifting a negative number right is arithmetic in every
 * compiler supported. */
#ifndef THIMBLE_AOT_REQUANTIZE_H
#define THIMBLE_AOT_REQUANTIZE_H

#include <stdint.h>

/* From the int32 sums of a layer to its int8 output. Shift n stands for a factor of 2^n, -31 <= n
 * <= 30; multipliers are Q0.31 and not negative. */
struct thimble_requantization {
    const int32_t *multipliers; /* one a channel, or one for all */
    const int8_t *shifts;       /* the same */
    int32_t per_channel;        /* 1 or 0: which of the two */
    int32_t zero_point;         /* of the output */
    int32_t minimum, maximum;   /* of the output, by the fused activation: within int8 */
};

/* a * b / 2^31, rounded to nearest, ties up: gemmlowp's SaturatingRoundingDoublingHighMul without
 * its one saturating case, a = b = INT32_MIN, which no caller has. */
static inline int32_t thimble_high_multiply(int32_t a, int32_t b) {
    return (int32_t)((a * (int64_t)b + (INT64_C(1) << 30)) >> 31);
}

/* x / 2^exponent, rounded to nearest, ties away from zero: gemmlowp's RoundingDivideByPOT.
 * 0 <= exponent <= 31. */
static inline int32_t thimble_divide_by_power_of_two(int32_t x, int32_t exponent) {
    const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1);
    const int32_t remainder = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> exponent) + (remainder > threshold);
}

/* The output for an accumulator. The planner has shown that the left shift of no accumulator
 * overflows. */
static inline int8_t thimble_requantize(const struct thimble_requantization *requantization,
                                        int32_t channel, int32_t accumulator) {
    const int32_t index = requantization->per_channel ? channel : 0;
    const int32_t shift = requantization->shifts[index];
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t product = thimble_high_multiply(accumulator * (INT32_C(1) << left),
                                                  requantization->multipliers[index]);
    int32_t value = thimble_divide_by_power_of_two(product, right) + requantization->zero_point;
    if (value < requantization->minimum) {
        value = requantization->minimum;
    }
    if (value > requantization->maximum) {
        value = requantization->maximum;
    }
    return (int8_t)value;
}

#endif
