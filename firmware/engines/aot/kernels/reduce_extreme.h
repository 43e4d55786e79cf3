/* The greatest or the least value over some axes: REDUCE_MAX and REDUCE_MIN of TensorFlow Lite, int8.
 *
 *   input    int8, any shape
 *   output   int8, the input's shape without the axes, or with 1 in their place; the input's scale
 *
 * Needs no scratch memory; input and output must not overlap. */
#ifndef THIMBLE_AOT_REDUCE_EXTREME_H
#define THIMBLE_AOT_REDUCE_EXTREME_H

#include <stdint.h>

#include "arithmetic/reduction.h"

struct thimble_reduce_extreme {
    struct thimble_reduction reduction;
    int32_t sign; /* 1 for the greatest value, -1 for the least */
};

static inline void thimble_reduce_extreme(const struct thimble_reduce_extreme *extreme,
                                          const int8_t *input, int8_t *output) {
    const struct thimble_reduction *reduction = &extreme->reduction;
    for (int32_t index = 0; index < reduction->outputs; index++) {
        const int8_t *start = thimble_reduction_start(reduction, input, index);
        int32_t greatest = -128; /* of the values times the sign */
        for (int32_t row = 0; row < reduction->rows; row++) {
            const int8_t *value = start + thimble_row_offset(row, reduction->rank, reduction->sizes,
                                                             reduction->strides);
            for (int32_t column = 0; column < reduction->columns; column++) {
                const int32_t signed_value = extreme->sign * *value;
                greatest = signed_value > greatest ? signed_value : greatest;
                value += reduction->step;
            }
        }
        output[index] = (int8_t)(extreme->sign * greatest);
    }
}

#endif
