/* Softmax over the last dimension with its exponentials from a table: SOFTMAX of TensorFlow Lite,
 * int8, in integers.
 *
 *   input         int8 [rows][depth], depth at most 4095
 *   exponentials  int32 [256], Q0.31: of the differences 0, -1, ... -255 to the greatest input,
 *                 computed as in softmax.h, and 0 where that counts as 0
 *   output        int8 [rows][depth], scale 1/256, zero point -128
 *
 * Gives the bits of softmax.h, which names the reference. Output may be the input. */
#ifndef THIMBLE_AOT_SOFTMAX_TABLE_H
#define THIMBLE_AOT_SOFTMAX_TABLE_H

#include <stdint.h>

#include "arch/cortex_m4.h"
#include "kernels/softmax.h"

struct thimble_softmax_table {
    int32_t rows, depth;
    const int32_t *exponentials;
};

THIMBLE_SPECIALIZED void thimble_softmax_table(const struct thimble_softmax_table *softmax,
                                               const int8_t *input, int8_t *output) {
    for (int32_t row = 0; row < softmax->rows; row++) {
        int32_t greatest = INT8_MIN;
        for (int32_t i = 0; i < softmax->depth; i++) {
            greatest = input[i] > greatest ? input[i] : greatest;
        }
        int32_t sum = 0; /* Q12.19 */
        for (int32_t i = 0; i < softmax->depth; i++) {
            sum += thimble_divide_by_power_of_two(softmax->exponentials[greatest - input[i]], 12);
        }
        const struct thimble_softmax_factor scale = thimble_softmax_factor(sum);
        for (int32_t i = 0; i < softmax->depth; i++) {
            *output++ =
                thimble_softmax_quantized(scale, softmax->exponentials[greatest - *input++]);
        }
    }
}

#endif
