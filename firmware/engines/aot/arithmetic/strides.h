/* Walking a block of elements in several dimensions, as codegen/aot/arithmetic/strides.py lays it out. */
#ifndef THIMBLE_AOT_STRIDES_H
#define THIMBLE_AOT_STRIDES_H

#include <stdint.h>

/* Where row `row` of a block begins in a tensor: a row runs along the last of `rank` dimensions, rows are
 * counted over the others. Strides are in elements. */
static inline int32_t thimble_row_offset(int32_t row, int32_t rank, const int32_t *sizes,
                                         const int32_t *strides) {
    int32_t offset = 0;
    for (int32_t dimension = rank - 2; dimension >= 0; dimension--) {
        offset += row % sizes[dimension] * strides[dimension];
        row /= sizes[dimension];
    }
    return offset;
}

#endif
