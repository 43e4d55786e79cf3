/* The sum of two tensors, broadcast: ADD of TensorFlow Lite, int8.
 *
 *   input_1, input_2  int8, each with strides of its own over the block of the output, 0 where it repeats
 *   output            int8 [rows][columns]: rows over all dimensions of `sizes` but the last
 *
 * Follows AddFunc in tensorflow/lite/kernels/internal/reference/integer_ops/add.h: both inputs are shifted
 * left by 20 and scaled to twice the larger scale, added, and scaled to the output. Needs no scratch memory;
 * the output may be an input whose strides are those of the output. */
#ifndef THIMBLE_AOT_ADD_H
#define THIMBLE_AOT_ADD_H

#include <stdint.h>

#include "arithmetic/requantize.h"
#include "arithmetic/strides.h"

/* factor = multiplier / 2^31 / 2^right_shift, below 1 */
struct thimble_add_scaling {
    int32_t zero_point, multiplier, right_shift;
};

struct thimble_add {
    int32_t rows, columns, rank;
    const int32_t *sizes, *strides_1, *strides_2;
    int32_t step_1, step_2; /* along a row: the last strides */
    struct thimble_add_scaling input_1, input_2, output;
    int32_t minimum, maximum; /* of the output, by the fused activation: within int8 */
};

static inline int32_t thimble_add_scaled(const struct thimble_add_scaling *scaling, int32_t value) {
    return thimble_divide_by_power_of_two(thimble_high_multiply(value, scaling->multiplier),
                                          scaling->right_shift);
}

static inline int32_t thimble_add_input(const struct thimble_add_scaling *scaling, int32_t value) {
    return thimble_add_scaled(scaling, (value - scaling->zero_point) * (1 << 20));
}

static inline void thimble_add(const struct thimble_add *add, const int8_t *input_1,
                               const int8_t *input_2, int8_t *output) {
    for (int32_t row = 0; row < add->rows; row++) {
        const int8_t *a = input_1 + thimble_row_offset(row, add->rank, add->sizes, add->strides_1);
        const int8_t *b = input_2 + thimble_row_offset(row, add->rank, add->sizes, add->strides_2);
        for (int32_t column = 0; column < add->columns; column++) {
            const int32_t sum =
                thimble_add_input(&add->input_1, *a) + thimble_add_input(&add->input_2, *b);
            int32_t value = thimble_add_scaled(&add->output, sum) + add->output.zero_point;
            value = value < add->minimum ? add->minimum : value;
            *output++ = (int8_t)(value > add->maximum ? add->maximum : value);
            a += add->step_1;
            b += add->step_2;
        }
    }
}

#endif
