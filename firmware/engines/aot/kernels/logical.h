/* Both, or at least one of two truths, broadcast: LOGICAL_AND and LOGICAL_OR of TensorFlow Lite.
 *
 *   input_1, input_2  bytes of 0 or 1, each with strides of its own over the block of the output, 0 where it repeats
 *   output            bytes [rows][columns]
 *
 * Needs no scratch memory; the output may be an input whose strides are those of the output. */
#ifndef THIMBLE_AOT_LOGICAL_H
#define THIMBLE_AOT_LOGICAL_H

#include <stdint.h>

#include "arithmetic/broadcast.h"

struct thimble_logical {
    struct thimble_broadcast block;
    int32_t both; /* 1 for and, 0 for or */
};

static inline int8_t thimble_logical_pair(const void *parameters, int8_t value_1, int8_t value_2) {
    const struct thimble_logical *logical = (const struct thimble_logical *)parameters;
    return (int8_t)(logical->both ? value_1 && value_2 : value_1 || value_2);
}

static inline void thimble_logical(const struct thimble_logical *logical, const int8_t *input_1,
                                   const int8_t *input_2, int8_t *output) {
    thimble_broadcast(&logical->block, thimble_logical_pair, logical, input_1, input_2, output);
}

#endif
