/* A dense layer with four multiply-accumulates in three instructions: FULLY_CONNECTED of TensorFlow
 * Lite, int8.
 *
 *   input    int8 [rows][depth]
 *   weights  int8, aligned to 4: for each five units, for each four inputs, the five units' four
 *            weights; then the units that are left, one behind the other. Rows end with zeros.
 *   output   int8 [rows][units]
 *   scratch  2 * depth bytes, rounded up to 8, aligned to 4
 *
 * Gives the bits of fully_connected.h. The inner product is S. Winograd's of 1968 ("A New Algorithm
 * for Inner Product"): with inputs a and weights b,
 *
 *     a0 b0 + a1 b1 = (a1 + b0) (a0 + b1) - a0 a1 - b0 b1
 *
 * The products of neighbouring inputs are added up once for all units, those of neighbouring
 * weights are in the offset of the requantisation. It costs nothing to add instead of to multiply:
 * the instruction that takes bytes apart, SXTAB16, adds at the same time. So there is half as much
 * to multiply. A row is read as a whole before the first of its outputs is written, so that the
 * output may reach into the input as far as codegen/aot/overlap.py says: of one row, anywhere. */
#ifndef THIMBLE_AOT_FULLY_CONNECTED_DUAL_H
#define THIMBLE_AOT_FULLY_CONNECTED_DUAL_H

#include <stdint.h>

#include "arch/cortex_m4.h"
#include "arithmetic/one_step.h"

struct thimble_fully_connected_dual {
    int32_t rows, depth, units;
    int32_t quads;  /* words of four inputs, the last one filled up with zeros */
    int32_t blocks; /* of five units; the others are left over */
    const int8_t *weights;
    struct thimble_one_step requantization;
};

/* A row of inputs as words of (a1, a3) and (a0, a2), and the sum of a0 a1 + a2 a3 over all of them.
 * Zeros fill up the last four. */
THIMBLE_SPECIALIZED int32_t thimble_dense_pairs(const int8_t *input, int32_t depth,
                                                uint32_t *pairs) {
    int32_t sum = 0;
    int32_t i = 0;
    for (; i < depth - 3; i += 4, pairs += 2) {
        const uint32_t word = thimble_load_word(input + i);
        pairs[0] = thimble_odd_bytes(word);
        pairs[1] = thimble_even_bytes(word);
        sum = thimble_multiply_add_halves(pairs[0], pairs[1], sum);
    }
    if (i < depth) {
        uint32_t word = 0;
        for (int32_t place = 0; i < depth; i++, place += 8) {
            word |= (uint32_t)(uint8_t)input[i] << place;
        }
        pairs[0] = thimble_odd_bytes(word);
        pairs[1] = thimble_even_bytes(word);
        sum = thimble_multiply_add_halves(pairs[0], pairs[1], sum);
    }
    return sum;
}

/* Two int16 of a, each plus one of b, modulo 2^16. */
static inline uint32_t thimble_dense_add_halves(uint32_t a, uint32_t b) {
    return thimble_halves((int16_t)a + (int16_t)b, (int16_t)(a >> 16) + (int16_t)(b >> 16));
}

/* The sums of five units; returns where the next unit's weights are. A function of its own, as its
 * assembly wants nearly all registers. */
__attribute__((noinline, unused)) static const int8_t *thimble_dense_sums_5(const uint32_t *pairs,
                                                                            const int8_t *weights,
                                                                            int32_t quads,
                                                                            int32_t sums[5]) {
#if THIMBLE_CORTEX_M4
    int32_t sum_0 = 0, sum_1 = 0, sum_2 = 0, sum_3 = 0, sum_4 = 0;
    uint32_t odd, even, first, second;
/* weights: the four weights of one unit, which are lost */
#define THIMBLE_DENSE_UNIT(weights, sum)          \
    "sxtab16 r12, %[odd], %[" weights             \
    "]\n"                                         \
    "sxtab16 %[" weights "], %[even], %[" weights \
    "], ror #8\n"                                 \
    "smlad %[" sum "], r12, %[" weights "], %[" sum "]\n"
    __asm__("1: ldrd %[odd], %[even], [%[pairs]], #8\n"
            "ldrd %[first], %[second], [%[weights]], #8\n"
            THIMBLE_DENSE_UNIT("first", "sum_0")
            THIMBLE_DENSE_UNIT("second", "sum_1")
            "ldrd %[first], %[second], [%[weights]], #8\n"
            THIMBLE_DENSE_UNIT("first", "sum_2")
            THIMBLE_DENSE_UNIT("second", "sum_3")
            "ldr %[first], [%[weights]], #4\n"
            THIMBLE_DENSE_UNIT("first", "sum_4")
            "subs %[quads], %[quads], #1\n"
            "bne 1b\n"
            : [sum_0] "+r"(sum_0), [sum_1] "+r"(sum_1), [sum_2] "+r"(sum_2), [sum_3] "+r"(sum_3),
              [sum_4] "+r"(sum_4), [pairs] "+r"(pairs), [weights] "+r"(weights),
              [quads] "+r"(quads), [odd] "=&r"(odd), [even] "=&r"(even), [first] "=&r"(first),
              [second] "=&r"(second)
            :
            : "r12", "cc", "memory");
#undef THIMBLE_DENSE_UNIT
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
    sums[4] = sum_4;
#else
    for (int32_t unit = 0; unit < 5; unit++) {
        sums[unit] = 0;
    }
    for (; quads > 0; quads--, pairs += 2) {
        for (int32_t unit = 0; unit < 5; unit++, weights += 4) {
            const uint32_t word = thimble_load_word(weights);
            sums[unit] = thimble_multiply_add_halves(
                thimble_dense_add_halves(pairs[0], thimble_even_bytes(word)),
                thimble_dense_add_halves(pairs[1], thimble_odd_bytes(word)), sums[unit]);
        }
    }
#endif
    return weights;
}

/* The sum of one unit, by plain products, with what the products of neighbours would have added. */
static inline int32_t thimble_dense_sum(const uint32_t *pairs, const int8_t *weights,
                                        int32_t quads) {
    int32_t sum = 0;
    for (; quads > 0; quads--, pairs += 2, weights += 4) {
        const uint32_t word = thimble_load_word(weights);
        const uint32_t even = thimble_even_bytes(word), odd = thimble_odd_bytes(word);
        sum = thimble_multiply_add_halves(pairs[1], even,
                                          thimble_multiply_add_halves(pairs[0], odd, sum));
        sum = thimble_multiply_add_halves(even, odd, sum);
    }
    return sum;
}

THIMBLE_SPECIALIZED void thimble_fully_connected_dual(
    const struct thimble_fully_connected_dual *dense, const int8_t *input, int8_t *output,
    void *scratch) {
    uint32_t *pairs = (uint32_t *)scratch;
    const int32_t quads = dense->quads, in_blocks = 5 * dense->blocks;
    for (int32_t row = 0; row < dense->rows; row++, input += dense->depth) {
        const int32_t neighbours = thimble_dense_pairs(input, dense->depth, pairs);
        const int8_t *weights = dense->weights;
        for (int32_t unit = 0; unit < in_blocks; unit += 5) {
            int32_t sums[5];
            weights = thimble_dense_sums_5(pairs, weights, quads, sums);
            for (int32_t i = 0; i < 5; i++) {
                *output++ = thimble_requantize_one_step(&dense->requantization, unit + i,
                                                        sums[i] - neighbours);
            }
        }
        for (int32_t unit = in_blocks; unit < dense->units; unit++, weights += 4 * quads) {
            *output++ = thimble_requantize_one_step(&dense->requantization, unit,
                                                    thimble_dense_sum(pairs, weights, quads));
        }
    }
}

#endif
