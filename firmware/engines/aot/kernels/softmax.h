/* Softmax over the last dimension: SOFTMAX of TensorFlow Lite, int8, in integers.
 *
 *   input    int8 [rows][depth], depth at most 4095
 *   output   int8 [rows][depth], scale 1/256, zero point -128
 *
 * Follows Softmax in tensorflow/lite/kernels/internal/reference/softmax.h and, for the exponential
 * and the reciprocal, gemmlowp's fixedpoint/fixedpoint.h. Qm.n below is a number in an int32 with m
 * integer and n fraction bits. TensorFlow Lite Micro aborts where the sum of the exponentials
 * reaches 512, which takes more than 511 classes; this kernel goes on, and every output is then 0
 * (-128). Needs no scratch memory; output may be the input. */
#ifndef THIMBLE_AOT_SOFTMAX_H
#define THIMBLE_AOT_SOFTMAX_H

#include <stdint.h>

#include "arithmetic/requantize.h"

struct thimble_softmax {
    int32_t rows, depth;
    int32_t multiplier, shift; /* from a difference of inputs to Q5.26 */
    int32_t least_difference;  /* below it an exponential counts as 0 */
};

/* x * 2^exponent, saturated: gemmlowp's SaturatingRoundingMultiplyByPOT to the left. */
static inline int32_t thimble_softmax_shift_left(int32_t x, int32_t exponent) {
    const int64_t value = x * (INT64_C(1) << exponent);
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* e^x for -1/4 <= x < 0, Q0.31 to Q0.31: the Taylor series around -1/8 to its fourth power. */
static inline int32_t thimble_softmax_exp_near_zero(int32_t x) {
    const int32_t exp_minus_eighth = 1895147668, third = 715827883;
    const int32_t x1 = x + (1 << 28);
    const int32_t x2 = thimble_high_multiply(x1, x1);
    const int32_t x3 = thimble_high_multiply(x2, x1);
    const int32_t x4 = thimble_high_multiply(x2, x2);
    const int32_t x4_over_4 = thimble_divide_by_power_of_two(x4, 2);
    const int32_t higher_terms =
        thimble_divide_by_power_of_two(thimble_high_multiply(x4_over_4 + x3, third) + x2, 1);
    return exp_minus_eighth + thimble_high_multiply(exp_minus_eighth, x1 + higher_terms);
}

/* e^x for x <= 0, Q5.26 to Q0.31. */
static inline int32_t thimble_softmax_exp(int32_t x) {
    /* e^-(2^(i - 2)) in Q0.31: one factor for each bit of -x from 1/4 to 16. */
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
                                      39332535,   720401,     242};
    if (x == 0) {
        return INT32_MAX; /* as close to 1 as Q0.31 gets */
    }
    const int32_t quarter = 1 << 24;
    const int32_t near_zero = (x & (quarter - 1)) - quarter; /* congruent to x modulo 1/4 */
    const int32_t quarters = near_zero - x;
    int32_t result = thimble_softmax_exp_near_zero(thimble_softmax_shift_left(near_zero, 5));
    for (int32_t i = 0; i < 7; i++) {
        if (quarters & (quarter << i)) {
            result = thimble_high_multiply(result, factors[i]);
        }
    }
    return result;
}

/* 1 / (1 + x) for 0 <= x < 1, Q0.31 to Q0.31: three steps of Newton's method on the half
 * denominator, from the linear estimate 48/17 - 32/17 d. */
static inline int32_t thimble_softmax_reciprocal(int32_t x) {
    /* 48/17, -32/17 and 1 in Q2.29 */
    const int32_t intercept = 1515870810, slope = -1010580540, one = 1 << 29;
    const int32_t half_denominator = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t estimate = intercept + thimble_high_multiply(half_denominator, slope);
    for (int32_t step = 0; step < 3; step++) {
        const int32_t error = one - thimble_high_multiply(half_denominator, estimate);
        estimate += thimble_softmax_shift_left(thimble_high_multiply(estimate, error), 2);
    }
    return thimble_softmax_shift_left(estimate, 1);
}

/* The exponential of a difference to the greatest input, Q0.31. */
static inline int32_t thimble_softmax_term(const struct thimble_softmax *softmax,
                                           int32_t difference) {
    const int32_t factor = (int32_t)(UINT32_C(1) << softmax->shift);
    return thimble_softmax_exp(thimble_high_multiply(difference * factor, softmax->multiplier));
}

/* What turns an exponential into an output: 1 / sum, as a factor in Q0.31 and a shift. */
struct thimble_softmax_factor {
    int32_t reciprocal, exponent;
};

/* sum, Q12.19, = (1 + fraction) * 2^(12 - zeros) with a fraction below 1. */
static inline struct thimble_softmax_factor thimble_softmax_factor(int32_t sum) {
    const int32_t zeros = __builtin_clz((uint32_t)sum);
    const int32_t fraction = (int32_t)(((uint32_t)sum << zeros) - (UINT32_C(1) << 31));
    struct thimble_softmax_factor scale;
    scale.reciprocal = thimble_softmax_reciprocal(fraction);
    scale.exponent = 12 - zeros + 31 - 8;
    return scale;
}

static inline int8_t thimble_softmax_quantized(struct thimble_softmax_factor scale,
                                               int32_t exponential) {
    const int32_t value =
        scale.exponent > 31
            ? 0
            : thimble_divide_by_power_of_two(thimble_high_multiply(scale.reciprocal, exponential),
                                             scale.exponent);
    return (int8_t)(value > UINT8_MAX ? INT8_MAX : value + INT8_MIN);
}

static inline void thimble_softmax_row(const struct thimble_softmax *softmax, const int8_t *input,
                                       int8_t *output) {
    int32_t greatest = INT8_MIN;
    for (int32_t i = 0; i < softmax->depth; i++) {
        greatest = input[i] > greatest ? input[i] : greatest;
    }
    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < softmax->depth; i++) {
        if (input[i] - greatest >= softmax->least_difference) {
            sum += thimble_divide_by_power_of_two(
                thimble_softmax_term(softmax, input[i] - greatest), 12);
        }
    }
    const struct thimble_softmax_factor scale = thimble_softmax_factor(sum);
    for (int32_t i = 0; i < softmax->depth; i++) {
        const int32_t difference = input[i] - greatest;
        const int32_t counts = difference >= softmax->least_difference;
        output[i] = thimble_softmax_quantized(
            scale, counts ? thimble_softmax_term(softmax, difference) : 0);
    }
}

static inline void thimble_softmax(const struct thimble_softmax *softmax, const int8_t *input,
                                   int8_t *output) {
    for (int32_t row = 0; row < softmax->rows; row++) {
        thimble_softmax_row(softmax, input + row * softmax->depth, output + row * softmax->depth);
    }
}

#endif
