/* A convolution, its ReLU and the 2 x 2 maximum pooling behind it in one pass: CONV_2D and
 * MAX_POOL_2D of TensorFlow Lite, int8, with four multiply-accumulates in each multiplication.
 *
 *   input    int8 [input_height][input_width][channels]
 *   weights  int32 words, packed by codegen/aot/variants/conv_pool_packed.py (below)
 *   output   int8 [output_height][output_width][filters], output_height >= 2
 *   scratch  aligned to 4, as many bytes as that file says (scratch_bytes): where there is padding
 *            the padded input; the stream of a block, or with `fast` the streams of two blocks and
 *            the expanded weights of one filter
 *
 * Stride 1, filters of at most 4 rows, pooling of stride 2 that drops what is left over. The result
 * is that of the two reference kernels named in conv_2d.h and max_pool_2d.h: the greatest of four
 * sums, requantised once, is the greatest of the four requantised sums, as requantisation never
 * decreases. The zero point of the input is in the bias, that of the output in the offset.
 *
 * Packed words. Two neighbouring activations of a row and channel are one word, two neighbouring
 * weights another, the other way round:
 *
 *     (a0 + a1 * 2^s) * (w1 + w0 * 2^s) = a0 w1  +  (a0 w0 + a1 w1) * 2^s  +  a1 w0 * 2^2s
 *                                         field 0    field 1                  field 2
 *
 * Added up over rows, channels and pairs of taps in 64 bits, field 1 at position p is the output of
 * the even column 2p, and field 2 together with field 0 of position p + 1 is that of the odd column
 * 2p + 1. The sums start at a value that makes every field non-negative. Two layouts:
 *
 *     bits  s   field 0  field 1  field 2  greatest sum less the smallest
 *     19    22  22 bits  22 bits  20 bits  below 2^19
 *     21    21  21 bits  21 bits  22 bits  below 2^21
 *
 * codegen/aot/arithmetic/ranges.py proves the last column for every filter from its weights, over all inputs.
 * Only the finished sums must fit: up to there everything is linear modulo 2^64. The start also
 * sets the bit above field 1 (19) or field 2 (21), by which the assembly takes its maximum.
 *
 * Fewer products. Two output rows Y and Y' of two weight rows g, g' over the input rows d, d', d'':
 *
 *     Y = (d - d') g + d' (g + g')        Y' = (d'' - d') g' + d' (g + g')
 *
 * three products instead of four, in integers. Pooling wants just these two rows. With `fast` the
 * same is done for two neighbouring positions along x, over the left and the right pair of weights.
 *
 * Stream. The packed activations of a block of `rows` (3 or 2) pooled rows lie in the order in
 * which they are multiplied, and every word is read by LDM:
 *
 *     for each unit:                       a position, or with `fast` for each pair of positions
 *                                          "common", "right" and "left"
 *         for each part: d', d - d', d'' - d'
 *             for each tap:                pair of taps along x, channel
 *                 rows + 1 words           for weight rows 0 and 1 of the first pooled row, then
 *                                          for rows 2 and 3 of it and 0 and 1 of the next, ...
 *         how many bytes the next unit's weights lie behind this one's; INT32_MIN ends
 *
 * Weights of a unit: the start of the sums, three times (low word, high word), and for each part
 * and tap two words (rows 0 and 1, rows 2 and 3); behind the last unit multiplier and offset. They
 * are stored like this, or with `fast` as start, multiplier, offset and for each channel the four
 * rows' left and right word, to be expanded into scratch for one filter at a time.
 *
 * The functions here and in packed_stream.h define all this in portable C. On a Cortex-M4 the
 * generated model_kernels.S brings assembly made from conv_pool_packed_m4.inc for the three that
 * matter, which needs 16 * (3 or 2) bytes of stack a unit. */
#ifndef THIMBLE_AOT_CONV_POOL_PACKED_H
#define THIMBLE_AOT_CONV_POOL_PACKED_H

#include <stddef.h>
#include <stdint.h>

#include "arch/cortex_m4.h"
#include "variants/packed_layout.h"
#include "variants/packed_stream.h"

/* ---- multiplication ---- */

struct thimble_packed_sums {
    uint64_t upper, lower;
};

/* The products of one part of a unit for pooled row `row` of the block. */
static inline uint64_t thimble_packed_part(const struct thimble_conv_pool_packed *conv,
                                           const struct thimble_packed_block *block, int32_t part,
                                           int32_t row, const int32_t *stream,
                                           const int32_t *weights) {
    stream += part * block->part_words + row;
    weights += 6 + part * conv->part_weights;
    uint64_t sum = 0;
    for (int32_t i = 0; i < conv->part_weights; i += 2, stream += block->rows + 1) {
        sum += (uint64_t)((int64_t)stream[0] * weights[i]) +
               (uint64_t)((int64_t)stream[1] * weights[i + 1]);
    }
    return sum;
}

static inline struct thimble_packed_sums thimble_packed_unit(
    const struct thimble_conv_pool_packed *conv, const struct thimble_packed_block *block,
    int32_t row, const int32_t *stream, const int32_t *weights) {
    struct thimble_packed_sums sums;
    const uint64_t start = (uint32_t)weights[0] | (uint64_t)(uint32_t)weights[1] << 32;
    const uint64_t middle = start + thimble_packed_part(conv, block, 0, row, stream, weights);
    sums.upper = middle + thimble_packed_part(conv, block, 1, row, stream, weights);
    sums.lower = middle + thimble_packed_part(conv, block, 2, row, stream, weights);
    return sums;
}

/* The sums of one position. */
static inline struct thimble_packed_sums thimble_packed_position(
    const struct thimble_conv_pool_packed *conv, const struct thimble_packed_block *block,
    int32_t row, int32_t position, const int32_t *stream, const int32_t *weights) {
    if (!conv->fast) {
        return thimble_packed_unit(conv, block, row, stream + position * block->unit_words,
                                   weights);
    }
    stream += position / 2 * 3 * block->unit_words;
    const struct thimble_packed_sums common =
        thimble_packed_unit(conv, block, row, stream, weights);
    const int32_t side = position % 2 ? 1 : 2;
    struct thimble_packed_sums sums = thimble_packed_unit(
        conv, block, row, stream + side * block->unit_words, weights + side * conv->unit_weights);
    sums.upper += common.upper;
    sums.lower += common.lower;
    return sums;
}

static inline uint32_t thimble_packed_greater(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* The greater of the even and the odd output: field 1, and field 2 with field 0 of the next
 * position. */
static inline uint32_t thimble_packed_fields(const struct thimble_conv_pool_packed *conv,
                                             uint64_t sum, uint64_t next) {
    const uint64_t mask = (UINT64_C(1) << conv->bits) - 1;
    const uint64_t field_0 = next & ((UINT64_C(1) << conv->split) - 1);
    const uint64_t even = sum >> conv->split & mask;
    const uint64_t odd = ((sum >> 2 * conv->split) + field_0) & mask;
    return thimble_packed_greater((uint32_t)even, (uint32_t)odd);
}

/* One filter over a block of pooled rows. `output` is the last output of its first row. */
static inline void thimble_packed_filter(const struct thimble_conv_pool_packed *conv,
                                         const struct thimble_packed_block *block,
                                         const int32_t *stream, const int32_t *weights,
                                         int8_t *output) {
    const int32_t *last = weights + (conv->fast ? 3 : 1) * conv->unit_weights;
    for (int32_t row = 0; row < block->rows; row++) {
        struct thimble_packed_sums next =
            thimble_packed_position(conv, block, row, conv->output_width, stream, weights);
        for (int32_t position = conv->output_width - 1; position >= 0; position--) {
            const struct thimble_packed_sums sums =
                thimble_packed_position(conv, block, row, position, stream, weights);
            const uint32_t greatest =
                thimble_packed_greater(thimble_packed_fields(conv, sums.upper, next.upper),
                                       thimble_packed_fields(conv, sums.lower, next.lower));
            const int32_t value = (int32_t)((greatest << (31 - conv->bits)) ^ UINT32_C(0x80000000));
            *output = thimble_saturate_int8(thimble_multiply_high_add(value, last[0], last[1]) >>
                                            conv->shift);
            output -= conv->filters;
            next = sums;
        }
        output += 2 * conv->output_width * conv->filters;
    }
}

/* ---- the layer ---- */

/* The next block where `left` blocks are left; one of no rows where none is. */
THIMBLE_SPECIALIZED struct thimble_packed_block thimble_packed_next_block(
    const struct thimble_conv_pool_packed *conv, int32_t left) {
    const struct thimble_packed_block none = {0, 0, 0};
    return left > conv->blocks_of_2 ? conv->block_3 : left > 0 ? conv->block_2 : none;
}

/* The stream of a block; returns where the next one may begin. */
THIMBLE_SPECIALIZED int32_t *thimble_packed_prepare(const struct thimble_conv_pool_packed *conv,
                                                    const struct thimble_packed_block *block,
                                                    const int8_t *input, int32_t *stream) {
    thimble_packed_stream *const assembly = block->rows == 3 ? conv->stream_3 : conv->stream_2;
    const int32_t words = conv->positions + conv->taps_x - 1;
    if (conv->fast) {
        thimble_packed_fast_stream(conv, block, input, stream);
    } else if (conv->stream_3 != NULL || conv->stream_2 != NULL) {
        assembly(input, stream, words);
    } else {
        thimble_packed_direct_stream(conv, block, input, stream, words);
    }
    thimble_packed_steps(conv, block, stream);
    return stream + conv->units * block->unit_words;
}

THIMBLE_SPECIALIZED void thimble_packed_multiply(const struct thimble_conv_pool_packed *conv,
                                                 const struct thimble_packed_block *block,
                                                 const int32_t *stream, const int32_t *weights,
                                                 int8_t *output) {
    if (conv->rows_3 == NULL && conv->rows_2 == NULL) {
        thimble_packed_filter(conv, block, stream, weights, output);
    } else if (block->rows == 3) {
        conv->rows_3(stream, weights, output);
    } else {
        conv->rows_2(stream, weights, output);
    }
}

/* One or two blocks (`second` may have no rows): their streams, then all filters over both. */
THIMBLE_SPECIALIZED void thimble_packed_blocks(const struct thimble_conv_pool_packed *conv,
                                               const struct thimble_packed_block *first,
                                               const struct thimble_packed_block *second,
                                               const int8_t *input, int32_t *scratch,
                                               int8_t *output) {
    int32_t *const expanded = scratch;
    int32_t *const stream = scratch + conv->stream_start;
    int32_t *const second_stream = thimble_packed_prepare(conv, first, input, stream);
    if (second->rows > 0) {
        thimble_packed_prepare(conv, second, input + 2 * first->rows * conv->pitch, second_stream);
    }
    const int32_t *weights = conv->weights;
    int8_t *const second_output = output + first->rows * conv->output_width * conv->filters;
    const int32_t last = (conv->output_width - 1) * conv->filters;
    for (int32_t filter = 0; filter < conv->filters; filter++, weights += conv->filter_words) {
        const int32_t *ready = weights;
        if (conv->fast) {
            if (conv->expand != NULL) {
                conv->expand(weights, expanded);
            } else {
                thimble_packed_expand_filter(conv, weights, expanded);
            }
            ready = expanded;
        }
        thimble_packed_multiply(conv, first, stream, ready, output + last + filter);
        if (second->rows > 0) {
            thimble_packed_multiply(conv, second, second_stream, ready,
                                    second_output + last + filter);
        }
    }
}

THIMBLE_SPECIALIZED void thimble_conv_pool_packed(const struct thimble_conv_pool_packed *conv,
                                                  const int8_t *input, int8_t *output,
                                                  void *scratch) {
    int32_t *const words = (int32_t *)scratch + conv->padded_words;
    if (conv->padded_words > 0) {
        thimble_packed_pad(conv, input, (int8_t *)scratch);
        input = (const int8_t *)scratch;
    }
    int32_t left = conv->blocks_of_3 + conv->blocks_of_2;
    while (left > 0) {
        const struct thimble_packed_block first = thimble_packed_next_block(conv, left--);
        /* Where `fast`, two blocks share the expanded weights. */
        const struct thimble_packed_block second =
            thimble_packed_next_block(conv, conv->fast ? left-- : 0);
        const int32_t rows = first.rows + second.rows;
        thimble_packed_blocks(conv, &first, &second, input, words, output);
        input += 2 * rows * conv->pitch;
        output += rows * conv->output_width * conv->filters;
    }
}

#endif
