/* The sum or the difference, and the product of two tensors, broadcast, requantised in one step: ADD, SUB and MUL of
 * TensorFlow Lite, int8.
 *
 *   input_1, input_2  int8, each with strides of its own over the block of the output, 0 where it repeats
 *   output            int8 [rows][columns]
 *
 * Gives the bits of add.h and mul.h: codegen/aot/arithmetic/pair_step.py and one_step.py prove it for all pairs.
 * Needs no scratch memory; the output may be an input whose strides are those of the output. */
#ifndef THIMBLE_AOT_PAIR_IN_ONE_STEP_H
#define THIMBLE_AOT_PAIR_IN_ONE_STEP_H

#include <stdint.h>

#include "arch/cortex_m4.h"
#include "arithmetic/broadcast.h"

struct thimble_add_in_one_step {
    struct thimble_broadcast block;
    int32_t factor_1, factor_2, offset, shift;
    int32_t minimum, maximum; /* of the output: within int8 */
};

struct thimble_mul_in_one_step {
    struct thimble_broadcast block;
    int32_t zero_point_1, zero_point_2;
    int32_t align, multiplier, offset, shift;
    int32_t minimum, maximum;
};

THIMBLE_SPECIALIZED int8_t thimble_pair_clamped(int32_t value, int32_t minimum, int32_t maximum) {
    if (minimum == INT8_MIN && maximum == INT8_MAX) {
        return thimble_saturate_int8(value);
    }
    const int32_t least = value < minimum ? minimum : value;
    return (int8_t)(least > maximum ? maximum : least);
}

/* Where row `row` of an input begins. */
THIMBLE_SPECIALIZED const int8_t *thimble_pair_row(const struct thimble_broadcast *block,
                                                   int32_t row, const int32_t *strides,
                                                   const int8_t *input) {
    return block->rows == 1 ? input
                            : input + thimble_row_offset(row, block->rank, block->sizes, strides);
}

THIMBLE_SPECIALIZED void thimble_add_in_one_step(const struct thimble_add_in_one_step *add,
                                                 const int8_t *input_1, const int8_t *input_2,
                                                 int8_t *output) {
    const struct thimble_broadcast *block = &add->block;
    for (int32_t row = 0; row < block->rows; row++) {
        const int8_t *a = thimble_pair_row(block, row, block->strides_1, input_1);
        const int8_t *b = thimble_pair_row(block, row, block->strides_2, input_2);
        THIMBLE_UNROLL(4)
        for (int32_t column = 0; column < block->columns; column++) {
            /* Modulo 2^32: the whole sum fits, its parts may not. */
            const uint32_t sum = (uint32_t)(*a * add->factor_1) + (uint32_t)add->offset +
                                 (uint32_t)(*b * add->factor_2);
            *output++ =
                thimble_pair_clamped((int32_t)sum >> add->shift, add->minimum, add->maximum);
            a += block->step_1;
            b += block->step_2;
        }
    }
}

THIMBLE_SPECIALIZED void thimble_mul_in_one_step(const struct thimble_mul_in_one_step *mul,
                                                 const int8_t *input_1, const int8_t *input_2,
                                                 int8_t *output) {
    const struct thimble_broadcast *block = &mul->block;
    for (int32_t row = 0; row < block->rows; row++) {
        const int8_t *a = thimble_pair_row(block, row, block->strides_1, input_1);
        const int8_t *b = thimble_pair_row(block, row, block->strides_2, input_2);
        THIMBLE_UNROLL(4)
        for (int32_t column = 0; column < block->columns; column++) {
            const int32_t product = (*a - mul->zero_point_1) * (*b - mul->zero_point_2);
            const int32_t value = thimble_multiply_high_add(product * (1 << mul->align),
                                                            mul->multiplier, mul->offset) >>
                                  mul->shift;
            *output++ = thimble_pair_clamped(value, mul->minimum, mul->maximum);
            a += block->step_1;
            b += block->step_2;
        }
    }
}

#endif
