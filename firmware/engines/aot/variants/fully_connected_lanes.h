/* A dense layer with two weights in an int16: FULLY_CONNECTED of TensorFlow Lite, int8.
 *
 *   input    int8 [rows][depth]
 *   weights  int32, for some units at a time: for each four inputs the lanes of these units, then for each unit its
 *            multiplier and its offset (low and high word), and a unit and a zero where negative outputs are lowered.
 *            Units that fill up the last ones have weights of 0
 *   output   int8 [rows][units]
 *   scratch  8 bytes for each four inputs, aligned to 4
 *
 * Gives the bits of fully_connected.h. An int16 holds two weights, as w1 + 256 w2, so SMLAD makes four products.
 *
 *   chained  eight units in six lanes: conv_2d_chained.h tells how three lanes give the sums of four. Half as many
 *            bytes more than the weights have
 *   paired   six units in three lanes, and no byte more: the sum of w1 + 256 w2 less that of w1, which SXTB16 takes
 *            out of the lanes, is 256 times that of w2
 *
 * A row is read as a whole before the first of its outputs is written, so that the output may reach into the input
 * as far as codegen/aot/overlap.py says: of one row, anywhere. */
#ifndef THIMBLE_AOT_FULLY_CONNECTED_LANES_H
#define THIMBLE_AOT_FULLY_CONNECTED_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "arch/cortex_m4.h"
#include "arithmetic/lanes.h"
#include "arithmetic/wide_step.h"
#include "variants/dense_layout.h"

struct thimble_fully_connected_lanes {
    int32_t rows, depth, units;
    int32_t quads;    /* words of four inputs, the last one filled up with zeros */
    int32_t together; /* units: 8 chained, 6 paired */
    const int32_t *weights;
    struct thimble_wide_step step;
    thimble_dense_units *assembly; /* or NULL */
};

/* A row of inputs as words of (a0, a2) and (a1, a3). */
THIMBLE_SPECIALIZED void thimble_lanes_input(const int8_t *input, int32_t depth, uint32_t *words) {
    int32_t i = 0;
    for (; i < depth - 3; i += 4, words += 2) {
        const uint32_t word = thimble_load_word(input + i);
        words[0] = thimble_even_bytes(word);
        words[1] = thimble_odd_bytes(word);
    }
    if (i < depth) {
        uint32_t word = 0;
        for (int32_t place = 0; i < depth; i++, place += 8) {
            word |= (uint32_t)(uint8_t)input[i] << place;
        }
        words[0] = thimble_even_bytes(word);
        words[1] = thimble_odd_bytes(word);
    }
}

/* ---- what the assembly computes, in C ---- */

/* The sums of three lanes, modulo 2^32; `pitch` words from one pair of inputs to the next. Written for processors
 * without SIMD: each half is loaded once, all sums are locals. */
static inline void thimble_lanes_three(const uint32_t *input, const int32_t *weights, int32_t pitch,
                                       int32_t pairs, uint32_t lanes[3]) {
    uint32_t sum_0 = 0, sum_1 = 0, sum_2 = 0;
    for (; pairs > 0; pairs--, input++, weights += pitch) {
        const int32_t a = thimble_load_half(input, 0), b = thimble_load_half(input, 1);
        sum_0 += (uint32_t)(a * thimble_load_half(weights, 0));
        sum_0 += (uint32_t)(b * thimble_load_half(weights, 1));
        sum_1 += (uint32_t)(a * thimble_load_half(weights, 2));
        sum_1 += (uint32_t)(b * thimble_load_half(weights, 3));
        sum_2 += (uint32_t)(a * thimble_load_half(weights, 4));
        sum_2 += (uint32_t)(b * thimble_load_half(weights, 5));
    }
    lanes[0] = sum_0;
    lanes[1] = sum_1;
    lanes[2] = sum_2;
}

/* The sum of a lane's lower weights, modulo 2^32. */
static inline uint32_t thimble_lanes_low(const uint32_t *input, const int32_t *weights,
                                         int32_t pitch, int32_t pairs) {
    uint32_t sum = 0;
    for (; pairs > 0; pairs--, input++, weights += pitch) {
        sum += (uint32_t)(thimble_load_half(input, 0) * (int8_t)thimble_load_half(weights, 0));
        sum += (uint32_t)(thimble_load_half(input, 1) * (int8_t)thimble_load_half(weights, 1));
    }
    return sum;
}

static inline const int32_t *thimble_lanes_in_c(const struct thimble_fully_connected_lanes *dense,
                                                const uint32_t *input, const int32_t *weights,
                                                int8_t *output, int32_t units) {
    const int32_t chained = dense->together == 8, count = chained ? 6 : 3;
    const int32_t constants = dense->step.lowered ? 5 : 3;
    for (int32_t unit = 0; unit < units; unit += dense->together) {
        const int32_t pairs = 2 * dense->quads;
        uint32_t lanes[6], low[3];
        for (int32_t lane = 0; lane < count; lane += 3) {
            thimble_lanes_three(input, weights + lane, count, pairs, lanes + lane);
        }
        for (int32_t lane = 0; lane < 3 && !chained; lane++) {
            low[lane] = thimble_lanes_low(input, weights + lane, count, pairs);
        }
        weights += pairs * count;
        int32_t sums[8];
        if (chained) {
            thimble_sums_of_lanes(lanes, sums);
            thimble_sums_of_lanes(lanes + 3, sums + 4);
        } else {
            for (int32_t lane = 0; lane < 3; lane++) {
                sums[2 * lane] = (int32_t)(low[lane] << 8);
                sums[2 * lane + 1] = (int32_t)(lanes[lane] - low[lane]);
            }
        }
        for (int32_t i = 0; i < dense->together; i++, weights += constants) {
            output[unit + i] = thimble_wide_output(&dense->step, sums[i], weights);
        }
    }
    return weights;
}

/* ---- the layer ---- */

THIMBLE_SPECIALIZED void thimble_fully_connected_lanes(
    const struct thimble_fully_connected_lanes *dense, const int8_t *input, int8_t *output,
    void *scratch) {
    uint32_t *words = (uint32_t *)scratch;
    const int32_t whole = dense->units / dense->together * dense->together;
    for (int32_t row = 0; row < dense->rows; row++) {
        thimble_lanes_input(input, dense->depth, words);
        const int32_t *weights = dense->weights;
        if (whole > 0) {
            weights = dense->assembly != NULL
                          ? dense->assembly(words, weights, output, whole, dense->quads)
                          : thimble_lanes_in_c(dense, words, weights, output, whole);
        }
        if (dense->units > whole) {
            int8_t rest[8];
            if (dense->assembly != NULL) {
                dense->assembly(words, weights, rest, dense->together, dense->quads);
            } else {
                thimble_lanes_in_c(dense, words, weights, rest, dense->together);
            }
            for (int32_t i = 0; i < dense->units - whole; i++) {
                output[whole + i] = rest[i];
            }
        }
        input += dense->depth;
        output += dense->units;
    }
}

#endif
