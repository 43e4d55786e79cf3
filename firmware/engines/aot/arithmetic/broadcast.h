/* Walking two tensors that are broadcast to the block of a third, whatever is computed of each pair. */
#ifndef THIMBLE_AOT_BROADCAST_H
#define THIMBLE_AOT_BROADCAST_H

#include <stdint.h>

#include "arithmetic/strides.h"

/* The output is [rows][columns]: rows over all dimensions of `sizes` but the last. The strides of an input
 * are 0 where it repeats. */
struct thimble_broadcast {
    int32_t rows, columns, rank;
    const int32_t *sizes, *strides_1, *strides_2;
    int32_t step_1, step_2; /* along a row: the last strides */
};

/* The output of one pair; `parameters` are those of the kernel that walks. */
typedef int8_t thimble_pair_function(const void *parameters, int8_t value_1, int8_t value_2);

/* Each kernel names its function where it calls this, so that the compiler puts it into the loop. */
static inline void thimble_broadcast(const struct thimble_broadcast *block,
                                     thimble_pair_function *function, const void *parameters,
                                     const int8_t *input_1, const int8_t *input_2, int8_t *output) {
    for (int32_t row = 0; row < block->rows; row++) {
        const int8_t *a =
            input_1 + thimble_row_offset(row, block->rank, block->sizes, block->strides_1);
        const int8_t *b =
            input_2 + thimble_row_offset(row, block->rank, block->sizes, block->strides_2);
        for (int32_t column = 0; column < block->columns; column++) {
            *output++ = function(parameters, *a, *b);
            a += block->step_1;
            b += block->step_2;
        }
    }
}

#endif
