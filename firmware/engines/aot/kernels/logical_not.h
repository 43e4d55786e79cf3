/* The other truth: LOGICAL_NOT of TensorFlow Lite.
 *
 *   input, output  `count` bytes of 0 or 1
 *
 * Needs no scratch memory; the output may be the input. */
#ifndef THIMBLE_AOT_LOGICAL_NOT_H
#define THIMBLE_AOT_LOGICAL_NOT_H

#include <stdint.h>

struct thimble_logical_not {
    int32_t count;
};

static inline void thimble_logical_not(const struct thimble_logical_not *parameters,
                                       const int8_t *input, int8_t *output) {
    for (int32_t i = 0; i < parameters->count; i++) {
        output[i] = (int8_t)(input[i] == 0);
    }
}

#endif
