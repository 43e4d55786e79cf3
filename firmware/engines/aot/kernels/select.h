/* One of two tensors, element by element, broadcast: SELECT_V2 of TensorFlow Lite, int8.
 *
 *   where           bytes, 0 or not, with strides over the block of the output, 0 where it repeats
 *   input, other    int8, the same: the outputs where `where` is not 0, and where it is
 *   output          int8 [rows][columns]
 *
 * Needs no scratch memory; the output may be an input whose strides are those of the output. */
#ifndef THIMBLE_AOT_SELECT_H
#define THIMBLE_AOT_SELECT_H

#include <stdint.h>

#include "arithmetic/strides.h"

struct thimble_select {
    int32_t rows, columns, rank;
    const int32_t *sizes, *strides_0, *strides_1, *strides_2; /* of where, input, other */
    int32_t step_0, step_1, step_2;                           /* along a row: the last strides */
};

static inline void thimble_select(const struct thimble_select *select, const int8_t *where,
                                  const int8_t *input, const int8_t *other, int8_t *output) {
    for (int32_t row = 0; row < select->rows; row++) {
        const int8_t *w =
            where + thimble_row_offset(row, select->rank, select->sizes, select->strides_0);
        const int8_t *a =
            input + thimble_row_offset(row, select->rank, select->sizes, select->strides_1);
        const int8_t *b =
            other + thimble_row_offset(row, select->rank, select->sizes, select->strides_2);
        for (int32_t column = 0; column < select->columns; column++) {
            *output++ = *w ? *a : *b;
            w += select->step_0;
            a += select->step_1;
            b += select->step_2;
        }
    }
}

#endif
