/* A tensor as it is, somewhere else: READ_VARIABLE and ASSIGN_VARIABLE of TensorFlow Lite.
 *
 *   input   `bytes` bytes of any type
 *   output  the same
 *
 * Needs no scratch memory; input and output must not overlap. */
#ifndef THIMBLE_AOT_COPY_BYTES_H
#define THIMBLE_AOT_COPY_BYTES_H

#include <stdint.h>
#include <string.h>

struct thimble_copy_bytes {
    int32_t bytes;
};

static inline void thimble_copy_bytes(const struct thimble_copy_bytes *copy, const int8_t *input,
                                      int8_t *output) {
    memcpy(output, input, (size_t)copy->bytes);
}

#endif
