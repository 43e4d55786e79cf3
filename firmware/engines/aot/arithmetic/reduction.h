/* The elements of a tensor that are reduced to one, for each that is kept. */
#ifndef THIMBLE_AOT_REDUCTION_H
#define THIMBLE_AOT_REDUCTION_H

#include <stdint.h>

#include "arithmetic/strides.h"

/* Laid out by codegen/aot/families/reduction.py. Strides are in elements. */
struct thimble_reduction {
    int32_t outputs;
    int32_t kept_rank; /* with one dimension of size 1 behind the kept ones */
    const int32_t *kept_sizes, *kept_strides;
    int32_t rows, columns, rank; /* of the elements of one output */
    const int32_t *sizes, *strides;
    int32_t step; /* along a row: the last stride */
};

/* Where the elements of output `index` begin. */
static inline const int8_t *thimble_reduction_start(const struct thimble_reduction *reduction,
                                                    const int8_t *input, int32_t index) {
    return input + thimble_row_offset(index, reduction->kept_rank, reduction->kept_sizes,
                                      reduction->kept_strides);
}

static inline int32_t thimble_reduction_sum(const struct thimble_reduction *reduction,
                                            const int8_t *start) {
    int32_t sum = 0;
    for (int32_t row = 0; row < reduction->rows; row++) {
        const int8_t *value =
            start + thimble_row_offset(row, reduction->rank, reduction->sizes, reduction->strides);
        for (int32_t column = 0; column < reduction->columns; column++) {
            sum += *value;
            value += reduction->step;
        }
    }
    return sum;
}

#endif
