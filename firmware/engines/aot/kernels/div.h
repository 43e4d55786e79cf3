/* The quotient of two tensors, broadcast: DIV of TensorFlow Lite, int8.
 *
 *   input_1, input_2  int8, each with strides of its own over the block of the output, 0 where it repeats
 *   reciprocals       int32 [256], Q0.31: 2^bits / divisor for the divisors 0 (as 1) to 255, where bits are those
 *                     of the divisor below its highest
 *   output            int8 [rows][columns]
 *
 * Follows DivElementwise in tensorflow/lite/kernels/internal/reference/div.h. A division by zero is not defined
 * there; here the divisor is then one step. Needs no scratch memory; the output may be an input whose strides
 * are those of the output. */
#ifndef THIMBLE_AOT_DIV_H
#define THIMBLE_AOT_DIV_H

#include <stdint.h>

#include "arithmetic/broadcast.h"
#include "arithmetic/requantize.h"

struct thimble_div {
    struct thimble_broadcast block;
    int32_t zero_point_1, zero_point_2;
    const int32_t *reciprocals;
    int32_t multiplier, shift; /* 7 <= shift <= 23 */
    int32_t zero_point;        /* of the output */
    int32_t minimum, maximum;  /* of the output, by the fused activation: within int8 */
};

/* How far a number from 1 to 255 can be shifted left before it leaves int32: 23 to 30. */
static inline int32_t thimble_div_headroom(int32_t magnitude) {
    int32_t headroom = 30;
    while (magnitude > 1) {
        magnitude >>= 1;
        headroom--;
    }
    return headroom;
}

/* A quotient that is not 0: no divisor is, and the dividend neither. */
static inline int32_t thimble_div_quotient(const struct thimble_div *div, int32_t dividend,
                                           int32_t divisor) {
    /* The headroom of a negative power of two counts its sign bit: CountLeadingSignBits. */
    const int32_t headroom = thimble_div_headroom(dividend < 0 ? -dividend : dividend) +
                             (dividend < 0 && (-dividend & (-dividend - 1)) == 0);
    const int32_t bits = 30 - thimble_div_headroom(divisor);
    const int32_t shifted = dividend * (INT32_C(1) << (headroom - 1)) * 2;
    const int32_t quotient = thimble_high_multiply(shifted, div->reciprocals[divisor]);
    const int32_t right = headroom + bits - div->shift;
    return thimble_divide_by_power_of_two(thimble_high_multiply(quotient, div->multiplier), right);
}

static inline int8_t thimble_div_pair(const void *parameters, int8_t value_1, int8_t value_2) {
    const struct thimble_div *div = (const struct thimble_div *)parameters;
    int32_t dividend = value_1 - div->zero_point_1;
    int32_t divisor = value_2 - div->zero_point_2;
    if (divisor < 0) {
        dividend = -dividend;
        divisor = -divisor;
    }
    int32_t value =
        div->zero_point + (dividend == 0 ? 0 : thimble_div_quotient(div, dividend, divisor));
    value = value < div->minimum ? div->minimum : value;
    return (int8_t)(value > div->maximum ? div->maximum : value);
}

static inline void thimble_div(const struct thimble_div *div, const int8_t *input_1,
                               const int8_t *input_2, int8_t *output) {
    thimble_broadcast(&div->block, thimble_div_pair, div, input_1, input_2, output);
}

#endif
