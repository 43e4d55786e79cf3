/* Factors below 1 in fixed point: MultiplyByQuantizedMultiplierSmallerThanOneExp in
 * tensorflow/lite/kernels/internal/common.h. */
#ifndef THIMBLE_AOT_SCALING_H
#define THIMBLE_AOT_SCALING_H

#include <stdint.h>

#include "arithmetic/requantize.h"

/* factor = multiplier / 2^31 / 2^right_shift, below 1, of a tensor with this zero point */
struct thimble_scaling {
    int32_t zero_point, multiplier, right_shift;
};

static inline int32_t thimble_scaled(const struct thimble_scaling *scaling, int32_t value) {
    return thimble_divide_by_power_of_two(thimble_high_multiply(value, scaling->multiplier),
                                          scaling->right_shift);
}

/* An input less its zero point, shifted left to keep its fraction, then scaled. */
static inline int32_t thimble_scaled_input(const struct thimble_scaling *scaling, int32_t value,
                                           int32_t left_shift) {
    return thimble_scaled(scaling, (value - scaling->zero_point) * (1 << left_shift));
}

#endif
