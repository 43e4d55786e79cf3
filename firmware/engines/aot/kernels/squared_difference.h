/* The square of the difference of two tensors, broadcast: SQUARED_DIFFERENCE of TensorFlow Lite, int8.
 *
 *   input_1, input_2  int8, each with strides of its own over the block of the output, 0 where it repeats
 *   output            int8 [rows][columns]
 *
 * Follows SquaredDifference in tensorflow/lite/micro/kernels/squared_difference.cc: both inputs are shifted left
 * by 7 and scaled to twice the larger scale, which leaves 15 bits of their difference; the left shift of a large
 * square wraps around as it does there. Needs no scratch memory; the output may be an input whose strides are
 * those of the output. */
#ifndef THIMBLE_AOT_SQUARED_DIFFERENCE_H
#define THIMBLE_AOT_SQUARED_DIFFERENCE_H

#include <stdint.h>

#include "arithmetic/broadcast.h"
#include "arithmetic/scaling.h"

struct thimble_squared_difference {
    struct thimble_broadcast block;
    struct thimble_scaling input_1, input_2;
    struct thimble_requantization requantization; /* one multiplier */
};

static inline int8_t thimble_squared_difference_pair(const void *parameters, int8_t value_1,
                                                     int8_t value_2) {
    const struct thimble_squared_difference *squared =
        (const struct thimble_squared_difference *)parameters;
    const int32_t difference = thimble_scaled_input(&squared->input_1, value_1, 7) -
                               thimble_scaled_input(&squared->input_2, value_2, 7);
    return thimble_requantize(&squared->requantization, 0, difference * difference);
}

static inline void thimble_squared_difference(const struct thimble_squared_difference *squared,
                                              const int8_t *input_1, const int8_t *input_2,
                                              int8_t *output) {
    thimble_broadcast(&squared->block, thimble_squared_difference_pair, squared, input_1, input_2,
                      output);
}

#endif
