/* Products of matrices: BATCH_MATMUL of TensorFlow Lite, int8.
 *
 *   input_1  int8, matrices of [rows][depth], or transposed
 *   input_2  int8, matrices of [depth][columns], or transposed
 *   output   int8 [batches][rows][columns]
 *
 * Where a matrix lies follows from `sizes` and the strides over the dimensions of the batch, the last of which is 1.
 * Follows BatchMatMul in tensorflow/lite/kernels/internal/reference/batch_matmul.h. The planner has shown that the
 * int32 sums cannot overflow. Needs no scratch memory; inputs and output must not overlap. */
#ifndef THIMBLE_AOT_BATCH_MATMUL_H
#define THIMBLE_AOT_BATCH_MATMUL_H

#include <stdint.h>

#include "arithmetic/requantize.h"
#include "arithmetic/strides.h"

struct thimble_batch_matmul {
    int32_t batches, rank;
    const int32_t *sizes, *strides_1, *strides_2; /* [rank] */
    int32_t rows, columns, depth;
    int32_t row_step_1, depth_step_1, depth_step_2, column_step_2;
    int32_t zero_point_1, zero_point_2;
    struct thimble_requantization requantization; /* one multiplier */
};

static inline void thimble_batch_matmul(const struct thimble_batch_matmul *matmul,
                                        const int8_t *input_1, const int8_t *input_2,
                                        int8_t *output) {
    for (int32_t batch = 0; batch < matmul->batches; batch++) {
        const int8_t *first =
            input_1 + thimble_row_offset(batch, matmul->rank, matmul->sizes, matmul->strides_1);
        const int8_t *second =
            input_2 + thimble_row_offset(batch, matmul->rank, matmul->sizes, matmul->strides_2);
        for (int32_t row = 0; row < matmul->rows; row++) {
            for (int32_t column = 0; column < matmul->columns; column++) {
                const int8_t *a = first + row * matmul->row_step_1;
                const int8_t *b = second + column * matmul->column_step_2;
                int32_t sum = 0;
                for (int32_t i = 0; i < matmul->depth; i++) {
                    sum += (*a - matmul->zero_point_1) * (*b - matmul->zero_point_2);
                    a += matmul->depth_step_1;
                    b += matmul->depth_step_2;
                }
                *output++ = thimble_requantize(&matmul->requantization, 0, sum);
            }
        }
    }
}

#endif
