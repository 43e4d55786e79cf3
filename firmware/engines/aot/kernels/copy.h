/* Bytes from one place to another: what operators that move values without computing are made of
 * (CONCATENATION, PAD, SLICE, SPLIT, STRIDED_SLICE, TRANSPOSE, ...).
 *
 *   input   int8, from input_start on, walked with the strides of the input
 *   output  int8, from output_start on, walked with its own
 *
 * Both walk the same block: rows over all dimensions of `sizes` but the last, along which `columns` lie a step
 * apart. What of the output is not walked keeps its bytes. Needs no scratch memory; input and output must not
 * overlap. */
#ifndef THIMBLE_AOT_COPY_H
#define THIMBLE_AOT_COPY_H

#include <stdint.h>

#include "arithmetic/strides.h"

struct thimble_copy {
    int32_t rows, columns, rank;
    const int32_t *sizes, *strides_1, *strides_2; /* of the input, of the output */
    int32_t step_1, step_2;                       /* along a row: the last strides */
    int32_t input_start, output_start;
};

static inline void thimble_copy(const struct thimble_copy *copy, const int8_t *input,
                                int8_t *output) {
    for (int32_t row = 0; row < copy->rows; row++) {
        const int8_t *from = input + copy->input_start +
                             thimble_row_offset(row, copy->rank, copy->sizes, copy->strides_1);
        int8_t *to = output + copy->output_start +
                     thimble_row_offset(row, copy->rank, copy->sizes, copy->strides_2);
        for (int32_t column = 0; column < copy->columns; column++) {
            to[column * copy->step_2] = from[column * copy->step_1];
        }
    }
}

#endif
