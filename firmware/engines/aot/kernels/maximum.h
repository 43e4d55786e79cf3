/* The larger of two tensors' values, broadcast: MAXIMUM of TensorFlow Lite, int8.
 *
 *   input_1, input_2  int8, each with strides of its own over the block of the output, 0 where it repeats
 *   output            int8 [rows][columns]
 *
 * Follows MaximumOp in tensorflow/lite/micro/kernels/maximum_minimum.h, which compares the bytes whatever their
 * scales. Needs no scratch memory; the output may be an input whose strides are those of the output. */
#ifndef THIMBLE_AOT_MAXIMUM_H
#define THIMBLE_AOT_MAXIMUM_H

#include <stdint.h>

#include "arithmetic/broadcast.h"

struct thimble_maximum {
    struct thimble_broadcast block;
};

static inline int8_t thimble_maximum_pair(const void *parameters, int8_t value_1, int8_t value_2) {
    (void)parameters;
    return value_1 > value_2 ? value_1 : value_2;
}

static inline void thimble_maximum(const struct thimble_maximum *maximum, const int8_t *input_1,
                                   const int8_t *input_2, int8_t *output) {
    thimble_broadcast(&maximum->block, thimble_maximum_pair, maximum, input_1, input_2, output);
}

#endif
