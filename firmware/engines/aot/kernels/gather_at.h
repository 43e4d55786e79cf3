/* Slices along an axis, at positions that are known at run time (GATHER; an Embedding layer).
 *
 *   input      int8 [batches][outer][size][inner]
 *   positions  int32 [batches][count], as bytes in the machine's own order
 *   output     int8 [batches][outer][count][inner]
 *
 * A position outside 0 to size - 1, of which the reference (Gather in tensorflow/lite/micro/kernels/gather.cc)
 * says nothing, takes the nearest slice. Needs no scratch memory; no two arrays may overlap. */
#ifndef THIMBLE_AOT_GATHER_AT_H
#define THIMBLE_AOT_GATHER_AT_H

#include <stdint.h>
#include <string.h>

struct thimble_gather_at {
    int32_t batches, outer, size, count, inner;
};

static inline void thimble_gather_at(const struct thimble_gather_at *gather, const int8_t *input,
                                     const int8_t *positions, int8_t *output) {
    for (int32_t batch = 0; batch < gather->batches; batch++) {
        for (int32_t row = 0; row < gather->outer; row++) {
            for (int32_t place = 0; place < gather->count; place++) {
                int32_t position;
                memcpy(&position, positions + 4 * (batch * gather->count + place), sizeof position);
                position = position < 0               ? 0
                           : position >= gather->size ? gather->size - 1
                                                      : position;
                memcpy(output, input + position * gather->inner, (size_t)gather->inner);
                output += gather->inner;
            }
            input += gather->size * gather->inner;
        }
    }
}

#endif
