/* A convolution, its ReLU and the 2 x 2 maximum pooling behind it in one pass: CONV_2D and
 * MAX_POOL_2D of TensorFlow Lite, int8, with four multiply-accumulates in each multiplication.
 *
 *   input    int8 [input_height][input_width][channels]
 *   weights  int32 words, packed by codegen/aot/packed.py (below)
 *   output   int8 [output_height][output_width][filters], output_height >= 2
 *   scratch  scratch_bytes, aligned to 4: the padded input, the weights of one filter, the stream
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
 * Added up over rows, channels and pairs of taps in 64 bits, field 1 is the output of the even
 * column 2 p, and field 2 together with field 0 of the position p + 1 is that of the odd column 2 p
 * + 1. The sums start at a value that makes every field non-negative. Two layouts:
 *
 *     bits  s   field 0  field 1  field 2  greatest sum less the smallest
 *     19    22  22 bits  22 bits  20 bits  below 2^19
 *     21    21  21 bits  21 bits  22 bits  below 2^21
 *
 * codegen/aot/ranges.py proves the last column for every filter from its weights, over all inputs.
 * Only the finished sums must fit: up to there everything is linear modulo 2^64.
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
 * The functions below define all this in portable C. On a Cortex-M4 the generated model_kernels.S
 * brings assembly made from conv_pool_packed_m4.inc for the three that matter, which needs
 * 16 * (3 or 2) bytes of stack a unit. */
#ifndef THIMBLE_AOT_CONV_POOL_PACKED_H
#define THIMBLE_AOT_CONV_POOL_PACKED_H

#include <stddef.h>
#include <stdint.h>

#include "cortex_m4.h"

typedef void packed_rows(const int32_t *stream, const int32_t *weights, int8_t *output);
typedef void packed_stream(const int8_t *input, int32_t *stream, int32_t words);
typedef void packed_expand(const int32_t *weights, int32_t *expanded);

struct conv_pool_packed {
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width, filters; /* after pooling */
    int32_t padding_top, padding_left;
    int32_t padded_height, padded_width; /* of a copy in scratch, or 0: reads stay in the input */
    int32_t padding_value;               /* zero point of the input */
    int32_t bits, split, shift;
    int32_t fast;         /* 1 or 0 */
    int32_t taps_x;       /* pairs of taps along x; 2 where fast */
    int32_t filter_words; /* stored for each filter */
    const int32_t *weights;
    packed_rows *rows_3, *rows_2;       /* assembly, or NULL */
    packed_stream *stream_3, *stream_2; /* the same, never where fast */
    packed_expand *expand;              /* the same, only where fast */
};

/* What the functions below count with. */
struct packed_shape {
    int32_t rows, positions, units;
    int32_t part_words, unit_words; /* of the stream */
    int32_t part_weights, unit_weights;
};

SPECIALIZED struct packed_shape packed_shape(const struct conv_pool_packed *conv, int32_t rows) {
    struct packed_shape shape;
    const int32_t taps = (conv->fast ? 1 : conv->taps_x) * conv->channels;
    shape.rows = rows;
    shape.positions = conv->output_width + 1 + (conv->fast ? (conv->output_width + 1) % 2 : 0);
    shape.units = conv->fast ? shape.positions / 2 * 3 : shape.positions;
    shape.part_words = taps * (rows + 1);
    shape.unit_words = 3 * shape.part_words + 1;
    shape.part_weights = 2 * taps;
    shape.unit_weights = 6 + 3 * shape.part_weights;
    return shape;
}

/* ---- activations ---- */

SPECIALIZED int8_t *packed_fill(int8_t *to, int32_t bytes, int32_t value) {
    for (; bytes > 0; bytes--) {
        *to++ = (int8_t)value;
    }
    return to;
}

/* `input` with zero points around it, and without what no output needs. */
SPECIALIZED void packed_pad(const struct conv_pool_packed *conv, const int8_t *input,
                            int8_t *padded) {
    const int32_t pitch = conv->padded_width * conv->channels;
    const int32_t left = conv->padding_left * conv->channels;
    const int32_t row_bytes = conv->input_width * conv->channels;
    const int32_t used = row_bytes < pitch - left ? row_bytes : pitch - left;
    padded = packed_fill(padded, conv->padding_top * pitch, conv->padding_value);
    int32_t y = conv->padding_top;
    for (; y < conv->padded_height && y - conv->padding_top < conv->input_height; y++) {
        padded = packed_fill(padded, left, conv->padding_value);
        int32_t i = 0;
        for (; i < used - 3; i += 4) {
            store_word(padded + i, load_word(input + i));
        }
        for (; i < used; i++) {
            padded[i] = input[i];
        }
        padded = packed_fill(padded + used, pitch - left - used, conv->padding_value);
        input += row_bytes;
    }
    packed_fill(padded, (conv->padded_height - y) * pitch, conv->padding_value);
}

SPECIALIZED int32_t packed_pair(const struct conv_pool_packed *conv, const int8_t *pixel) {
    return pixel[0] + pixel[conv->channels] * (1 << conv->split);
}

/* The stream without `fast`. `words` = positions + taps_x - 1, `input` as in packed_fast_stream.
 * Writes up to taps_x - 1 units before and behind the stream. */
SPECIALIZED void packed_direct_stream(const struct conv_pool_packed *conv, int32_t rows,
                                      int32_t pitch, const int8_t *input, int32_t *stream,
                                      int32_t words) {
    const struct packed_shape shape = packed_shape(conv, rows);
    for (int32_t word = 0; word < words; word++) {
        for (int32_t channel = 0; channel < conv->channels; channel++) {
            const int8_t *pixel = input + 2 * word * conv->channels + channel;
            int32_t above = packed_pair(conv, pixel);
            for (int32_t row = 0; row <= rows; row++, pixel += 2 * pitch) {
                const int32_t odd = packed_pair(conv, pixel + pitch);
                const int32_t below = packed_pair(conv, pixel + 2 * pitch);
                for (int32_t tap = 0; tap < conv->taps_x; tap++) {
                    int32_t *part = stream + (word - tap) * shape.unit_words +
                                    (tap * conv->channels + channel) * (rows + 1) + row;
                    part[0] = odd;
                    part[shape.part_words] = above - odd;
                    part[2 * shape.part_words] = below - odd;
                }
                above = below;
            }
        }
    }
}

/* The stream with `fast`. `input` is the first row of the block, rows lie `pitch` bytes apart. Of
 * three neighbouring words a, b, c along x, "common" takes b, "right" c - b, "left" a - b. */
SPECIALIZED void packed_fast_stream(const struct conv_pool_packed *conv, int32_t rows,
                                    int32_t pitch, const int8_t *input, int32_t *stream) {
    const struct packed_shape shape = packed_shape(conv, rows);
    const int32_t next = 2 * conv->channels;
    for (int32_t pair = 0; pair < shape.positions / 2; pair++) {
        for (int32_t channel = 0; channel < conv->channels; channel++) {
            const int8_t *pixel = input + 2 * pair * next + channel;
            int32_t *common = stream + channel * (rows + 1);
            int32_t *right = common + shape.unit_words, *left = right + shape.unit_words;
            int32_t above = packed_pair(conv, pixel + next);
            int32_t above_right = packed_pair(conv, pixel + 2 * next) - above;
            int32_t above_left = packed_pair(conv, pixel) - above;
            for (int32_t row = 0; row <= rows; row++) {
                pixel += pitch;
                const int32_t odd = packed_pair(conv, pixel + next);
                const int32_t odd_right = packed_pair(conv, pixel + 2 * next) - odd;
                const int32_t odd_left = packed_pair(conv, pixel) - odd;
                pixel += pitch;
                common[0] = odd;
                right[0] = odd_right;
                left[0] = odd_left;
                common[shape.part_words] = above - odd;
                right[shape.part_words] = above_right - odd_right;
                left[shape.part_words] = above_left - odd_left;
                above = packed_pair(conv, pixel + next);
                above_right = packed_pair(conv, pixel + 2 * next) - above;
                above_left = packed_pair(conv, pixel) - above;
                common[2 * shape.part_words] = above - odd;
                right[2 * shape.part_words] = above_right - odd_right;
                left[2 * shape.part_words] = above_left - odd_left;
                common++, right++, left++;
            }
        }
        stream += 3 * shape.unit_words;
    }
}

/* The last word of every unit: how many bytes the next unit's weights lie behind this one's. */
SPECIALIZED void packed_steps(const struct conv_pool_packed *conv, const struct packed_shape *shape,
                              int32_t *stream) {
    const int32_t kinds = conv->fast ? 3 : 1;
    const int32_t back = -4 * kinds * shape->unit_weights;
    int32_t end = -1;
    for (int32_t unit = 0; unit < shape->units; unit += kinds) {
        for (int32_t kind = 0; kind < kinds; kind++) {
            end += shape->unit_words;
            stream[end] = kind == kinds - 1 ? back : 0;
        }
    }
    stream[end] = INT32_MIN;
}

/* ---- weights ---- */

/* One filter's stored words to what is multiplied, with `fast`. */
static inline void packed_expand_filter(const struct conv_pool_packed *conv, const int32_t *stored,
                                        int32_t *expanded) {
    const struct packed_shape shape = packed_shape(conv, 2);
    int32_t *common = expanded, *right = common + shape.unit_weights,
            *left = right + shape.unit_weights;
    for (int32_t i = 0; i < 6; i++) {
        *common++ = stored[i % 2];
        *right++ = *left++ = 0;
    }
    left[3 * shape.part_weights] = stored[2];
    left[3 * shape.part_weights + 1] = stored[3];
    stored += 4;
    const int32_t part = shape.part_weights;
    for (int32_t i = 0; i < part; i++, stored += 4) { /* channel, upper and lower two weight rows */
        right[0] = stored[1] + stored[3];
        right[part] = stored[1];
        right[2 * part] = stored[3];
        left[0] = stored[0] + stored[2];
        left[part] = stored[0];
        left[2 * part] = stored[2];
        for (int32_t j = 0; j < 3 * part; j += part) {
            common[j] = left[j] + right[j];
        }
        common++, right++, left++;
    }
}

/* ---- multiplication ---- */

struct packed_sums {
    uint64_t upper, lower;
};

/* The products of one part of a unit for pooled row `row` of the block. */
static inline uint64_t packed_part(const struct packed_shape *shape, int32_t part, int32_t row,
                                   const int32_t *stream, const int32_t *weights) {
    stream += part * shape->part_words + row;
    weights += 6 + part * shape->part_weights;
    uint64_t sum = 0;
    for (int32_t i = 0; i < shape->part_weights; i += 2, stream += shape->rows + 1) {
        sum += (uint64_t)((int64_t)stream[0] * weights[i]) +
               (uint64_t)((int64_t)stream[1] * weights[i + 1]);
    }
    return sum;
}

static inline struct packed_sums packed_unit(const struct packed_shape *shape, int32_t row,
                                             const int32_t *stream, const int32_t *weights) {
    struct packed_sums sums;
    const uint64_t start = (uint32_t)weights[0] | (uint64_t)(uint32_t)weights[1] << 32;
    const uint64_t middle = start + packed_part(shape, 0, row, stream, weights);
    sums.upper = middle + packed_part(shape, 1, row, stream, weights);
    sums.lower = middle + packed_part(shape, 2, row, stream, weights);
    return sums;
}

/* The sums of one position. */
static inline struct packed_sums packed_position(const struct conv_pool_packed *conv,
                                                 const struct packed_shape *shape, int32_t row,
                                                 int32_t position, const int32_t *stream,
                                                 const int32_t *weights) {
    if (!conv->fast) {
        return packed_unit(shape, row, stream + position * shape->unit_words, weights);
    }
    stream += position / 2 * 3 * shape->unit_words;
    const struct packed_sums common = packed_unit(shape, row, stream, weights);
    const int32_t side = position % 2 ? 1 : 2;
    struct packed_sums sums = packed_unit(shape, row, stream + side * shape->unit_words,
                                          weights + side * shape->unit_weights);
    sums.upper += common.upper;
    sums.lower += common.lower;
    return sums;
}

static inline uint32_t packed_greater(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* The greater of the even and the odd output: field 1, and field 2 with field 0 of the next
 * position. */
static inline uint32_t packed_fields(const struct conv_pool_packed *conv, uint64_t sum,
                                     uint64_t next) {
    const uint64_t mask = (UINT64_C(1) << conv->bits) - 1;
    const uint64_t field_0 = next & ((UINT64_C(1) << conv->split) - 1);
    const uint64_t even = sum >> conv->split & mask;
    const uint64_t odd = ((sum >> 2 * conv->split) + field_0) & mask;
    return packed_greater((uint32_t)even, (uint32_t)odd);
}

/* One filter over a block of pooled rows. `output` is the last output of its first row. */
static inline void packed_filter(const struct conv_pool_packed *conv, int32_t rows,
                                 const int32_t *stream, const int32_t *weights, int8_t *output) {
    const struct packed_shape shape = packed_shape(conv, rows);
    const int32_t *last = weights + (conv->fast ? 3 : 1) * shape.unit_weights;
    for (int32_t row = 0; row < rows; row++) {
        struct packed_sums next =
            packed_position(conv, &shape, row, conv->output_width, stream, weights);
        for (int32_t position = conv->output_width - 1; position >= 0; position--) {
            const struct packed_sums sums =
                packed_position(conv, &shape, row, position, stream, weights);
            const uint32_t greatest = packed_greater(packed_fields(conv, sums.upper, next.upper),
                                                     packed_fields(conv, sums.lower, next.lower));
            const int32_t value = (int32_t)((greatest << (31 - conv->bits)) ^ UINT32_C(0x80000000));
            *output = saturate_int8(multiply_high_add(value, last[0], last[1]) >> conv->shift);
            output -= conv->filters;
            next = sums;
        }
        output += 2 * conv->output_width * conv->filters;
    }
}

/* ---- the layer ---- */

/* The rows of the next block where `left` are left: 3, as that needs fewer loads, and 2 at the end
 * so that no single row is left. */
SPECIALIZED int32_t packed_rows_of_block(int32_t left) {
    return left == 3 || left > 4 ? 3 : left > 0 ? 2 : 0;
}

/* The stream of a block; returns where the next one may begin. */
SPECIALIZED int32_t *packed_prepare(const struct conv_pool_packed *conv, int32_t rows,
                                    int32_t pitch, const int8_t *input, int32_t *stream) {
    packed_stream *const assembly = rows == 3 ? conv->stream_3 : conv->stream_2;
    const struct packed_shape shape = packed_shape(conv, rows);
    const int32_t words = shape.positions + conv->taps_x - 1;
    if (conv->fast) {
        packed_fast_stream(conv, rows, pitch, input, stream);
    } else if (conv->stream_3 != NULL || conv->stream_2 != NULL) {
        assembly(input, stream, words);
    } else {
        packed_direct_stream(conv, rows, pitch, input, stream, words);
    }
    packed_steps(conv, &shape, stream);
    return stream + shape.units * shape.unit_words;
}

SPECIALIZED void packed_multiply(const struct conv_pool_packed *conv, int32_t rows,
                                 const int32_t *stream, const int32_t *weights, int8_t *output) {
    if (conv->rows_3 == NULL && conv->rows_2 == NULL) {
        packed_filter(conv, rows, stream, weights, output);
    } else if (rows == 3) {
        conv->rows_3(stream, weights, output);
    } else {
        conv->rows_2(stream, weights, output);
    }
}

/* One or two blocks: their streams, then all filters over both. */
SPECIALIZED void packed_blocks(const struct conv_pool_packed *conv, int32_t first, int32_t second,
                               int32_t pitch, const int8_t *input, int32_t *scratch,
                               int8_t *output) {
    const struct packed_shape shape = packed_shape(conv, first);
    int32_t *const expanded = scratch;
    int32_t *const stream =
        scratch + (conv->fast ? 3 * shape.unit_weights + 2 : (conv->taps_x - 1) * shape.unit_words);
    int32_t *const second_stream = packed_prepare(conv, first, pitch, input, stream);
    if (second > 0) {
        packed_prepare(conv, second, pitch, input + 2 * first * pitch, second_stream);
    }
    const int32_t *weights = conv->weights;
    int8_t *const second_output = output + first * conv->output_width * conv->filters;
    const int32_t last = (conv->output_width - 1) * conv->filters;
    for (int32_t filter = 0; filter < conv->filters; filter++, weights += conv->filter_words) {
        const int32_t *ready = weights;
        if (conv->fast) {
            if (conv->expand != NULL) {
                conv->expand(weights, expanded);
            } else {
                packed_expand_filter(conv, weights, expanded);
            }
            ready = expanded;
        }
        packed_multiply(conv, first, stream, ready, output + last + filter);
        if (second > 0) {
            packed_multiply(conv, second, second_stream, ready, second_output + last + filter);
        }
    }
}

SPECIALIZED void conv_pool_packed_int8(const struct conv_pool_packed *conv, const int8_t *input,
                                       int8_t *output, void *scratch) {
    int32_t pitch = conv->input_width * conv->channels;
    int32_t *words = (int32_t *)scratch;
    if (conv->padded_height > 0) {
        packed_pad(conv, input, (int8_t *)scratch);
        input = (const int8_t *)scratch;
        pitch = conv->padded_width * conv->channels;
        words += (conv->padded_height * pitch + 3) / 4;
    }
    int32_t left = conv->output_height;
    while (left > 0) {
        const int32_t first = packed_rows_of_block(left);
        /* Two blocks share the expanded weights. */
        const int32_t second = conv->fast ? packed_rows_of_block(left - first) : 0;
        packed_blocks(conv, first, second, pitch, input, words, output);
        input += 2 * (first + second) * pitch;
        output += (first + second) * conv->output_width * conv->filters;
        left -= first + second;
    }
}

#endif
