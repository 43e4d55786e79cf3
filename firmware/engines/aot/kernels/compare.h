/* Comparing two tensors, broadcast: EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS and LESS_EQUAL of TensorFlow
 * Lite, int8.
 *
 *   input_1, input_2  int8, each with strides of its own over the block of the output, 0 where it repeats
 *   output            bytes [rows][columns]: 1 where the relation holds, else 0
 *
 * Follows ComparisonWithScaling in tensorflow/lite/kernels/internal/reference/comparisons.h: both inputs are
 * shifted left by 8 and scaled by their own scales. Needs no scratch memory; the output may be an input whose
 * strides are those of the output. */
#ifndef THIMBLE_AOT_COMPARE_H
#define THIMBLE_AOT_COMPARE_H

#include <stdint.h>

#include "arithmetic/broadcast.h"
#include "arithmetic/scaling.h"

struct thimble_compare {
    struct thimble_broadcast block;
    struct thimble_scaling input_1, input_2;
    int32_t outcomes; /* that are true: 1 for less, 2 for equal, 4 for greater, added up */
};

static inline int8_t thimble_compare_pair(const void *parameters, int8_t value_1, int8_t value_2) {
    const struct thimble_compare *compare = (const struct thimble_compare *)parameters;
    const int32_t a = thimble_scaled_input(&compare->input_1, value_1, 8);
    const int32_t b = thimble_scaled_input(&compare->input_2, value_2, 8);
    return (int8_t)((compare->outcomes & (a < b ? 1 : a == b ? 2 : 4)) != 0);
}

static inline void thimble_compare(const struct thimble_compare *compare, const int8_t *input_1,
                                   const int8_t *input_2, int8_t *output) {
    thimble_broadcast(&compare->block, thimble_compare_pair, compare, input_1, input_2, output);
}

#endif
