/* Slices at given positions: GATHER of TensorFlow Lite, int8.
 *
 *   input      int8 [batches][outer][size][inner]
 *   positions  int32 [batches][count], 0 <= position < size
 *   output     int8 [batches][outer][count][inner]
 *
 * Follows Gather in tensorflow/lite/micro/kernels/gather.cc. Needs no scratch memory; input and output must not
 * overlap. */
#ifndef THIMBLE_AOT_GATHER_H
#define THIMBLE_AOT_GATHER_H

#include <stdint.h>
#include <string.h>

struct thimble_gather {
    int32_t batches, outer, size, count, inner;
    const int32_t *positions;
};

static inline void thimble_gather(const struct thimble_gather *gather, const int8_t *input,
                                  int8_t *output) {
    for (int32_t row = 0; row < gather->batches * gather->outer; row++) {
        const int32_t *positions = gather->positions + row / gather->outer * gather->count;
        for (int32_t i = 0; i < gather->count; i++) {
            memcpy(output, input + positions[i] * gather->inner, (size_t)gather->inner);
            output += gather->inner;
        }
        input += gather->size * gather->inner;
    }
}

#endif
