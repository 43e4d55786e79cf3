/* The sum or the difference of two tensors, broadcast: ADD and SUB of TensorFlow Lite, int8.
 *
 *   input_1, input_2  int8, each with strides of its own over the block of the output, 0 where it repeats
 *   output            int8 [rows][columns]
 *
 * Follows AddFunc in tensorflow/lite/kernels/internal/reference/integer_ops/add.h and SubElementwise in
 * tensorflow/lite/kernels/internal/reference/sub.h: both inputs are shifted left by 20 and scaled to twice
 * the larger scale, added or subtracted, and scaled to the output. Needs no scratch memory; the output may
 * be an input whose strides are those of the output. */
#ifndef THIMBLE_AOT_ADD_H
#define THIMBLE_AOT_ADD_H

#include <stdint.h>

#include "arithmetic/broadcast.h"
#include "arithmetic/scaling.h"

struct thimble_add {
    struct thimble_broadcast block;
    struct thimble_scaling input_1, input_2, output;
    int32_t sign_2;           /* 1, or -1 for the difference */
    int32_t minimum, maximum; /* of the output, by the fused activation: within int8 */
};

static inline int8_t thimble_add_pair(const void *parameters, int8_t value_1, int8_t value_2) {
    const struct thimble_add *add = (const struct thimble_add *)parameters;
    const int32_t sum = thimble_scaled_input(&add->input_1, value_1, 20) +
                        add->sign_2 * thimble_scaled_input(&add->input_2, value_2, 20);
    int32_t value = thimble_scaled(&add->output, sum) + add->output.zero_point;
    value = value < add->minimum ? add->minimum : value;
    return (int8_t)(value > add->maximum ? add->maximum : value);
}

static inline void thimble_add(const struct thimble_add *add, const int8_t *input_1,
                               const int8_t *input_2, int8_t *output) {
    thimble_broadcast(&add->block, thimble_add_pair, add, input_1, input_2, output);
}

#endif
