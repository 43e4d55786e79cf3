/* The product of two tensors, broadcast: MUL of TensorFlow Lite, int8.
 *
 *   input_1, input_2  int8, each with strides of its own over the block of the output, 0 where it repeats
 *   output            int8 [rows][columns]
 *
 * Follows MulElementwise in tensorflow/lite/kernels/internal/reference/integer_ops/mul.h. Needs no scratch
 * memory; the output may be an input whose strides are those of the output. */
#ifndef THIMBLE_AOT_MUL_H
#define THIMBLE_AOT_MUL_H

#include <stdint.h>

#include "arithmetic/broadcast.h"
#include "arithmetic/requantize.h"

struct thimble_mul {
    struct thimble_broadcast block;
    int32_t zero_point_1, zero_point_2;
    struct thimble_requantization requantization; /* one multiplier */
};

static inline int8_t thimble_mul_pair(const void *parameters, int8_t value_1, int8_t value_2) {
    const struct thimble_mul *mul = (const struct thimble_mul *)parameters;
    const int32_t product = (value_1 - mul->zero_point_1) * (value_2 - mul->zero_point_2);
    return thimble_requantize(&mul->requantization, 0, product);
}

static inline void thimble_mul(const struct thimble_mul *mul, const int8_t *input_1,
                               const int8_t *input_2, int8_t *output) {
    thimble_broadcast(&mul->block, thimble_mul_pair, mul, input_1, input_2, output);
}

#endif
