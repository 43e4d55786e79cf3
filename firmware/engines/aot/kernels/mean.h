/* The mean or the sum over some axes: MEAN and SUM of TensorFlow Lite, int8.
 *
 *   input    int8, any shape
 *   output   int8, the input's shape without the axes, or with 1 in their place
 *
 * Follows QuantizedMeanOrSum in tensorflow/lite/kernels/internal/reference/reduce.h: int32 sums less their
 * zero points, and one requantisation, which for the mean divides by their number, too. Needs no scratch memory; input and
 * output must not overlap. */
#ifndef THIMBLE_AOT_MEAN_H
#define THIMBLE_AOT_MEAN_H

#include <stdint.h>

#include "arithmetic/reduction.h"
#include "arithmetic/requantize.h"

struct thimble_mean {
    struct thimble_reduction reduction;
    int32_t zero_points; /* of the elements of one output, added up */
    struct thimble_requantization requantization;
};

static inline void thimble_mean(const struct thimble_mean *mean, const int8_t *input,
                                int8_t *output) {
    for (int32_t index = 0; index < mean->reduction.outputs; index++) {
        const int8_t *start = thimble_reduction_start(&mean->reduction, input, index);
        const int32_t sum = thimble_reduction_sum(&mean->reduction, start) - mean->zero_points;
        output[index] = thimble_requantize(&mean->requantization, 0, sum);
    }
}

#endif
