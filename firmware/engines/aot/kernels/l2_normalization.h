/* Rows divided by their Euclidean length: L2_NORMALIZATION of TensorFlow Lite, int8, in integers.
 *
 *   input    int8 [rows][depth], depth at most 33025, so that the squares of a row fit int32
 *   output   int8 [rows][depth], scale 1/128, zero point 0
 *
 * Follows reference_integer_ops::L2Normalization in
 * tensorflow/lite/kernels/internal/reference/integer_ops/l2normalization.h and, for the inverse root,
 * GetInvSqrtQuantizedMultiplierExp in tensorflow/lite/kernels/internal/common.h. Qm.n is a number in an int32 with m
 * integer and n fraction bits. Needs no scratch memory; output may be the input. */
#ifndef THIMBLE_AOT_L2_NORMALIZATION_H
#define THIMBLE_AOT_L2_NORMALIZATION_H

#include <stdint.h>

#include "arithmetic/requantize.h"

struct thimble_l2_normalization {
    int32_t rows, depth;
    int32_t zero_point; /* of the input */
};

/* 1 / sqrt(value) as the returned factor, Q0.31, shifted right by `right_shift`, 0 or more. 0 counts as 1. */
static inline int32_t thimble_inverse_root(int32_t value, int32_t *right_shift) {
    const int32_t three_halves = (1 << 28) + (1 << 27); /* Q3.28 */
    const int32_t half_root_of_two = 1518500250;        /* Q0.31 */
    if (value <= 1) {
        *right_shift = 0;
        return INT32_MAX;
    }
    int32_t shift = 11;
    while (value >= 1 << 29) {
        value /= 4;
        shift++;
    }
    const int32_t pairs = (__builtin_clz((uint32_t)value) - 1) / 2 - 1;
    shift -= pairs;
    const int32_t half = thimble_divide_by_power_of_two((value << 2 * pairs) >> 1, 1); /* Q3.28 */
    int32_t x = 1 << 28;                       /* 1, Q3.28 */
    for (int32_t step = 0; step < 5; step++) { /* Newton's method; all factors stay below 2 */
        const int32_t cube = thimble_high_multiply(thimble_high_multiply(x, x), x) * (1 << 6);
        x = (thimble_high_multiply(three_halves, x) - thimble_high_multiply(half, cube)) * (1 << 3);
    }
    x = thimble_high_multiply(x, half_root_of_two);
    if (shift < 0) {
        x *= INT32_C(1) << -shift;
        shift = 0;
    }
    *right_shift = shift;
    return x;
}

static inline void thimble_l2_normalization(const struct thimble_l2_normalization *parameters,
                                            const int8_t *input, int8_t *output) {
    const int32_t output_bits = 7; /* of the fraction */
    for (int32_t row = 0; row < parameters->rows; row++) {
        int32_t squares = 0, right_shift;
        for (int32_t i = 0; i < parameters->depth; i++) {
            const int32_t value = input[i] - parameters->zero_point;
            squares += value * value;
        }
        const int32_t factor = thimble_inverse_root(squares, &right_shift);
        const int32_t left = right_shift < output_bits ? output_bits - right_shift : 0;
        const int32_t right = right_shift < output_bits ? 0 : right_shift - output_bits;
        for (int32_t i = 0; i < parameters->depth; i++) {
            const int32_t value = input[i] - parameters->zero_point;
            const int32_t product = thimble_high_multiply(value * (1 << left), factor);
            const int32_t scaled = thimble_divide_by_power_of_two(product, right);
            output[i] = (int8_t)(scaled < INT8_MIN   ? INT8_MIN
                                 : scaled > INT8_MAX ? INT8_MAX
                                                     : scaled);
        }
        input += parameters->depth;
        output += parameters->depth;
    }
}

#endif
