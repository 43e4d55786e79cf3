/* A rectifier with slopes of its own below zero: PRELU of TensorFlow Lite, int8.
 *
 *   input   int8, with strides over the block of the output, 0 where it repeats
 *   alpha   int8, the same: the slopes
 *   output  int8 [rows][columns]
 *
 * Follows BroadcastPrelu4DSlow in tensorflow/lite/kernels/internal/reference/prelu.h. Needs no scratch memory;
 * the output may be an input whose strides are those of the output. */
#ifndef THIMBLE_AOT_PRELU_H
#define THIMBLE_AOT_PRELU_H

#include <stdint.h>

#include "arithmetic/broadcast.h"
#include "arithmetic/requantize.h"

struct thimble_prelu {
    struct thimble_broadcast block;
    int32_t zero_point, alpha_zero_point;
    struct thimble_requantization requantization; /* two: of 0 and more, of values times alpha */
};

static inline int8_t thimble_prelu_pair(const void *parameters, int8_t value, int8_t alpha) {
    const struct thimble_prelu *prelu = (const struct thimble_prelu *)parameters;
    const int32_t centred = value - prelu->zero_point;
    return centred >= 0 ? thimble_requantize(&prelu->requantization, 0, centred)
                        : thimble_requantize(&prelu->requantization, 1,
                                             centred * (alpha - prelu->alpha_zero_point));
}

static inline void thimble_prelu(const struct thimble_prelu *prelu, const int8_t *input,
                                 const int8_t *alpha, int8_t *output) {
    thimble_broadcast(&prelu->block, thimble_prelu_pair, prelu, input, alpha, output);
}

#endif
