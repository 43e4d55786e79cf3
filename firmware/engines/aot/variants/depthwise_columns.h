/* A depthwise convolution of 3 x 3 with the stride 1 or 2 from planes of columns: DEPTHWISE_CONV_2D of TensorFlow
 * Lite, int8, with a depth multiplier of 1 and at least four channels.
 *
 *   input    int8 [input_height][input_width][channels]
 *   weights  int32, for each channel six words of weights times 256, and what its requantisation needs
 *   output   int8 [output_height][output_width][channels]
 *   scratch  four planes, aligned to 4
 *
 * Gives the bits of depthwise_conv_2d.h. Two products an instruction want two neighbours of one channel in a word.
 * The channels of a pixel are neighbours in the input, so four of them at a time are turned into planes:
 *
 *     plane of a channel   column 0: [row 0 | row 1] [row 2 | row 3] ...   column 1: ...
 *
 * where row 0 is that above the first output (padding, as a rule), | separates the low and the high half, and the
 * words of a column lie one behind the other. A band of outputs is made from two words of each column:
 *
 *     stride 1   rows 2i and 2i + 1 of the output:   P = [2i | 2i + 1], Q = [2i + 2 | 2i + 3]
 *                first  = P . [g0 | g1] + Q low * g2,   second = P high * g0 + Q . [g1 | g2]
 *     stride 2   row i of the output:                the same P and Q, first alone
 *
 * with two products in each dot. Two columns of outputs share what they read. Tiles of the output bound the planes.
 * A tile's four channels are read before they are written, but other tiles and channels are read later: output and
 * input must not overlap. */
#ifndef THIMBLE_AOT_DEPTHWISE_COLUMNS_H
#define THIMBLE_AOT_DEPTHWISE_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "arch/cortex_m4.h"
#include "variants/columns_layout.h"

/* ---- what the assembly computes, in C ---- */

static inline void thimble_columns_words_in_c(const int8_t *upper, const int8_t *lower,
                                              int32_t upper_stride, int32_t lower_stride,
                                              const struct thimble_columns_rows *rows,
                                              int32_t plane_bytes) {
    for (int32_t row = 0; row < rows->count; row++) {
        uint32_t *to = rows->to + row;
        for (int32_t column = 0; column < rows->columns; column++) {
            for (int32_t channel = 0; channel < 4; channel++) {
                thimble_store_half(to + channel * plane_bytes / 4, 0, upper[channel]);
                thimble_store_half(to + channel * plane_bytes / 4, 1, lower[channel]);
            }
            to += rows->column_bytes / 4;
            upper += upper_stride;
            lower += lower_stride;
        }
        upper += rows->row_bytes;
        lower += rows->row_bytes;
    }
}

/* The weights of a channel times 256: tap (row, column). */
static inline int32_t thimble_columns_weight(const int32_t *weights, int32_t stride, int32_t row,
                                             int32_t column) {
    int32_t half; /* its place among the halves of words */
    if (stride == 1) {
        half = row < 2 ? 4 * column + row : 4 * column + 3;
    } else {
        half = row < 2 ? 2 * column + row : 6 + column;
    }
    const int32_t word = half == 0 ? weights[0] & ~1 : weights[half / 2];
    return half % 2 ? word >> 16 : (int16_t)word;
}

/* The sum of an output whose window begins in row `row` of a column of words. Written for processors without SIMD:
 * the halves of a column are its rows. */
static inline int32_t thimble_columns_sum(const uint32_t *column, int32_t column_bytes, int32_t row,
                                          const int32_t taps[9]) {
    uint32_t sum = 0;
    for (int32_t i = 0; i < 9; i += 3, column += column_bytes / 4) {
        sum += (uint32_t)(thimble_load_half(column, row) * taps[i]);
        sum += (uint32_t)(thimble_load_half(column, row + 1) * taps[i + 1]);
        sum += (uint32_t)(thimble_load_half(column, row + 2) * taps[i + 2]);
    }
    return (int32_t)sum;
}

static inline int8_t thimble_columns_output(const struct thimble_depthwise_columns *conv,
                                            int32_t fast, const int32_t *constants, int32_t sum) {
    if (!fast) {
        return thimble_wide_output(&conv->step, sum, constants);
    }
    const int32_t value =
        thimble_multiply_high_add(sum, constants[0], constants[1]) >> conv->fast_shift;
    const int32_t least = value < conv->step.minimum ? conv->step.minimum : value;
    return (int8_t)(least > conv->step.maximum ? conv->step.maximum : least);
}

static inline const int32_t *thimble_columns_channel_in_c(
    const struct thimble_depthwise_columns *conv, const uint32_t *plane, const int32_t *weights,
    int8_t *output, const struct thimble_columns_walk *walk, int32_t column_bytes) {
    const int32_t stride = conv->stride, fast = weights[0] & 1;
    const int32_t rows = stride == 1 ? 2 * walk->bands - walk->odd : walk->bands;
    const int32_t columns = walk->pair_bytes / stride / column_bytes + walk->rest;
    int32_t taps[9]; /* by column */
    for (int32_t tap = 0; tap < 9; tap++) {
        taps[tap] = thimble_columns_weight(weights, stride, tap % 3, tap / 3);
    }
    for (int32_t y = 0; y < rows; y++) {
        for (int32_t x = 0; x < columns; x++) {
            output[y * walk->row_bytes + x * walk->pixel_bytes] =
                thimble_columns_output(conv, fast, weights + 6,
                                       thimble_columns_sum(plane + x * stride * column_bytes / 4,
                                                           column_bytes, y * stride, taps));
        }
    }
    return weights + (fast ? 8 : conv->step.lowered ? 11 : 9);
}

/* ---- the layer ---- */

/* The part of a tile's planes that does not depend on the channels. */
struct thimble_columns_tile {
    int32_t top, left;     /* in the input, of the first row and column of the planes */
    int32_t words;         /* of a column */
    int32_t columns;       /* of a plane */
    int32_t begin, end;    /* of the columns that lie within the input */
    const int8_t *padding; /* four zero points */
};

/* Columns outside the input, the same for all channels. */
static inline void thimble_columns_pad(const struct thimble_depthwise_columns *conv,
                                       const struct thimble_columns_tile *tile, uint32_t *planes) {
    const uint32_t pad = thimble_halves(conv->padding_value, conv->padding_value);
    for (int32_t plane = 0; plane < 4; plane++, planes += conv->plane_bytes / 4) {
        for (int32_t i = 0; i < tile->begin * tile->words; i++) {
            planes[i] = pad;
        }
        for (int32_t i = tile->end * tile->words; i < tile->columns * tile->words; i++) {
            planes[i] = pad;
        }
    }
}

/* The planes of four channels, which begin at `channel`. */
static inline void thimble_columns_planes(const struct thimble_depthwise_columns *conv,
                                          const struct thimble_columns_tile *tile,
                                          const int8_t *input, int32_t channel, uint32_t *planes) {
    const int32_t pixel_bytes = conv->channels, row_bytes = conv->input_width * conv->channels;
    const int8_t *first = input + (tile->left + tile->begin) * pixel_bytes + channel;
    struct thimble_columns_rows rows = {planes + tile->begin * tile->words, tile->end - tile->begin,
                                        4 * tile->words, 0, 0};
    if (rows.columns == 0) {
        return; /* all of it is padding */
    }
    rows.row_bytes = 2 * row_bytes - rows.columns * pixel_bytes;
    for (int32_t word = 0; word < tile->words; word += rows.count, rows.to += rows.count) {
        const int32_t y = tile->top + 2 * word;
        const int32_t above = y < 0 || y >= conv->input_height;
        const int32_t below = y + 1 < 0 || y + 1 >= conv->input_height;
        const int8_t *upper = above ? tile->padding : first + y * row_bytes;
        const int8_t *lower = below ? tile->padding : first + (y + 1) * row_bytes;
        const int32_t left = tile->words - word, inside = (conv->input_height - y) / 2;
        rows.count = above || below ? 1 : left < inside ? left : inside;
        if (conv->words != NULL) {
            conv->words(upper, lower, above ? 0 : pixel_bytes, below ? 0 : pixel_bytes, &rows);
        } else {
            thimble_columns_words_in_c(upper, lower, above ? 0 : pixel_bytes,
                                       below ? 0 : pixel_bytes, &rows, conv->plane_bytes);
        }
    }
}

/* The outputs of a tile. `planes` hold what `tile` describes. */
static inline void thimble_columns_tile(const struct thimble_depthwise_columns *conv,
                                        const struct thimble_columns_tile *tile,
                                        const struct thimble_columns_walk *walk,
                                        const int8_t *input, uint32_t *planes, int8_t *output) {
    thimble_columns_pad(conv, tile, planes);
    const int32_t *weights = conv->weights;
    for (int32_t done = 0; done < conv->channels; done += 4) {
        /* The last four overlap those before them. */
        const int32_t first = done + 4 <= conv->channels ? done : conv->channels - 4;
        thimble_columns_planes(conv, tile, input, first, planes);
        for (int32_t channel = done; channel < first + 4; channel++) {
            const uint32_t *plane = planes + (channel - first) * conv->plane_bytes / 4;
            weights = conv->channel != NULL
                          ? conv->channel(plane, weights, output + channel, walk)
                          : thimble_columns_channel_in_c(conv, plane, weights, output + channel,
                                                         walk, 4 * tile->words);
        }
    }
}

__attribute__((noinline, unused)) static void thimble_depthwise_columns(
    const struct thimble_depthwise_columns *conv, const int8_t *input, int8_t *output,
    void *scratch) {
    const int8_t padding[4] = {(int8_t)conv->padding_value, (int8_t)conv->padding_value,
                               (int8_t)conv->padding_value, (int8_t)conv->padding_value};
    const int32_t stride = conv->stride, tile_rows = conv->tile_bands * (stride == 1 ? 2 : 1);
    struct thimble_columns_tile tile;
    struct thimble_columns_walk walk;
    tile.padding = padding;
    tile.words = conv->tile_bands + 1;
    walk.row_bytes = conv->output_width * conv->channels;
    walk.pixel_bytes = conv->channels;
    for (int32_t y = 0; y < conv->output_height; y += tile_rows) {
        const int32_t rows =
            conv->output_height - y < tile_rows ? conv->output_height - y : tile_rows;
        walk.bands = stride == 1 ? (rows + 1) / 2 : rows;
        walk.odd = stride == 1 && rows % 2;
        tile.top = y * stride - conv->padding_top;
        for (int32_t x = 0; x < conv->output_width; x += conv->tile_columns) {
            const int32_t left = conv->output_width - x;
            const int32_t columns = left < conv->tile_columns ? left : conv->tile_columns;
            walk.pair_bytes = columns / 2 * 2 * stride * 4 * tile.words;
            walk.rest = columns % 2;
            tile.left = x * stride - conv->padding_left;
            tile.columns = (columns - 1) * stride + 3;
            /* A tile may lie outside as a whole, where a PAD went into the convolution. */
            tile.begin = tile.left < 0 ? -tile.left : 0;
            tile.begin = tile.begin < tile.columns ? tile.begin : tile.columns;
            tile.end = conv->input_width - tile.left;
            tile.end = tile.end < tile.columns ? tile.end : tile.columns;
            tile.end = tile.end > tile.begin ? tile.end : tile.begin;
            thimble_columns_tile(conv, &tile, &walk, input, (uint32_t *)scratch,
                                 output + (y * conv->output_width + x) * conv->channels);
        }
    }
}

#endif
