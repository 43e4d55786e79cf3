/* The logarithm of the softmax over the last dimension: LOG_SOFTMAX of TensorFlow Lite, int8, in integers.
 *
 *   input    int8 [rows][depth], depth at most 4095
 *   output   int8 [rows][depth], scale 1/16, zero point 127
 *
 * Follows LogSoftmaxQuantized in tensorflow/lite/kernels/internal/reference/log_softmax.h and, for the logarithm,
 * log_x_for_x_greater_than_or_equal_to_1_impl in tensorflow/lite/kernels/internal/common.h. Qm.n is a number in an
 * int32 with m integer and n fraction bits. Needs no scratch memory; output may be the input. */
#ifndef THIMBLE_AOT_LOG_SOFTMAX_H
#define THIMBLE_AOT_LOG_SOFTMAX_H

#include <stdint.h>

#include "kernels/softmax.h"

struct thimble_log_softmax {
    struct thimble_softmax softmax;
    int32_t back_multiplier, back_right_shift; /* from Q5.26 to a difference of inputs */
};

static inline int32_t thimble_log_clamp(int64_t value) {
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* (a + b) / 2, rounded half away from zero: gemmlowp's RoundingHalfSum. */
static inline int32_t thimble_log_half_sum(int32_t a, int32_t b) {
    const int64_t sum = (int64_t)a + b;
    return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/* The natural logarithm of x >= 1, Q12.19 to Q5.26.
 *
 * x is r * 2^power with r near 1, by two ways of which the one with the smaller r is taken; log r is a quotient of
 * polynomials in q = 2 (r - sqrt(sqrt(1/2))). */
static inline int32_t thimble_log(int32_t x) {
    const int32_t log_2 = 1488522236, root_half = 1518500250,
                  root_root_half = 1805811301; /* Q0.31 */
    const int32_t alpha_n = 117049297, alpha_d = 127690142, alpha_i = 1057819769,
                  alpha_f = 638450708; /* Q0.31 */
    const int32_t quarter = 1 << 23;   /* Q6.25 */

    const int32_t zeros = __builtin_clz((uint32_t)x);
    const int32_t r_a = thimble_softmax_shift_left(
        thimble_high_multiply(thimble_softmax_shift_left(x, zeros - 1), root_half), 1);
    const int32_t power_a =
        thimble_log_clamp((int64_t)thimble_softmax_shift_left(12 - zeros, 25) + quarter);
    const int32_t headroom = __builtin_clz((uint32_t)thimble_high_multiply(x, root_half)) - 1;
    const int32_t r_b = thimble_softmax_shift_left(x, headroom);
    const int32_t power_b =
        thimble_log_clamp((int64_t)thimble_softmax_shift_left(12 - headroom, 25) - quarter);

    const int32_t r = r_a < r_b ? r_a : r_b, power = power_a > power_b ? power_a : power_b;
    const int32_t p = thimble_log_half_sum(r, root_root_half);
    const int32_t q = 2 * (r - root_root_half);
    const int32_t square = thimble_high_multiply(q, q);
    const int32_t numerator = thimble_high_multiply(q, r) +
                              thimble_high_multiply(thimble_high_multiply(q, square), alpha_n);
    const int32_t denominator_minus_one =
        thimble_high_multiply(p, alpha_i + q + thimble_high_multiply(alpha_d, square)) +
        thimble_high_multiply(alpha_f, q);
    const int32_t quotient =
        thimble_high_multiply(thimble_divide_by_power_of_two(numerator, 6),
                              thimble_softmax_reciprocal(denominator_minus_one));
    return thimble_softmax_shift_left(thimble_high_multiply(power, log_2) + quotient, 1);
}

static inline void thimble_log_softmax_row(const struct thimble_log_softmax *log_softmax,
                                           const int8_t *input, int8_t *output) {
    const struct thimble_softmax *softmax = &log_softmax->softmax;
    const int32_t factor = (int32_t)(UINT32_C(1) << softmax->shift);
    int32_t greatest = INT8_MIN, sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < softmax->depth; i++) {
        greatest = input[i] > greatest ? input[i] : greatest;
    }
    for (int32_t i = 0; i < softmax->depth; i++) {
        if (input[i] - greatest >= softmax->least_difference) {
            sum += thimble_divide_by_power_of_two(
                thimble_softmax_term(softmax, input[i] - greatest), 12);
        }
    }
    const int32_t log_sum = thimble_log(sum); /* Q5.26 */
    const int32_t least_scaled = thimble_divide_by_power_of_two(
        thimble_high_multiply(log_sum + INT32_MIN, log_softmax->back_multiplier),
        log_softmax->back_right_shift);
    const int32_t least =
        softmax->least_difference - 1 > least_scaled ? softmax->least_difference - 1 : least_scaled;
    for (int32_t i = 0; i < softmax->depth; i++) {
        const int32_t difference = input[i] - greatest;
        int32_t value = INT8_MIN;
        if (difference > least) {
            const int32_t scaled = thimble_high_multiply(difference * factor, softmax->multiplier);
            value = thimble_divide_by_power_of_two(scaled - log_sum, 22) + INT8_MAX;
            value = value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
        }
        output[i] = (int8_t)value;
    }
}

static inline void thimble_log_softmax(const struct thimble_log_softmax *log_softmax,
                                       const int8_t *input, int8_t *output) {
    const int32_t depth = log_softmax->softmax.depth;
    for (int32_t row = 0; row < log_softmax->softmax.rows; row++) {
        thimble_log_softmax_row(log_softmax, input + row * depth, output + row * depth);
    }
}

#endif
