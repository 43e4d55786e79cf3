/* A convolution of 3 x 3 with the stride 1 by S. Winograd's minimal filtering, F(4 x 4, 3 x 3), exact on integers:
 * CONV_2D of TensorFlow Lite, int8, with a multiple of four channels.
 *
 *   input    int8 [input_height][input_width][channels]
 *   weights  int32, for each four filters: for each of 36 points and each two channels a word of two int16 of each
 *            filter, then for each filter its offset (low and high word), its multiplier and, where negative outputs
 *            are lowered, a unit and a zero. Filters that fill up the last four have weights of 0
 *   output   int8 [output_height][output_width][filters]
 *   scratch  the source of two tiles, their points, their outputs; aligned to 4
 *
 * Gives the bits of conv_2d.h. A tile of 4 x 4 outputs wants 144 products for each channel and filter, but 36 between
 * transformed inputs V and transformed weights U (A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural
 * Networks", 2015):
 *
 *     Y = A' [ (G g G') o (B' d B) ] A
 *
 * With G scaled by 24 all of it is integer, and Y comes out 576 times as large, which the requantisation takes back:
 *
 *          6  0  0            4  0 -5  0  1  0            1  1  1  1  1  0
 *         -4 -4 -4            0 -4 -4  1  1  0            0  1 -1  2 -2  0
 *     G = -4  4 -4       B' = 0  4 -4 -1  1  0       A' = 0  1  1  4  4  0
 *          1  2  4            0 -2 -1  2  1  0            0  1 -1  8 -8  2
 *          1 -2  4            0  2 -1 -2  1  0
 *          0  0 12            0  4  0 -5  0  1
 *
 * (The last row of G is halved, so that it fits int16, and A' makes up for it.) Everything is exact modulo 2^32, whatever overflows between:
 * it is enough that U and V fit int16, which the bounds of int8 give (|U| <= 144 * 128, |V| <= 68 * 255), and that
 * 576 times each sum fits int32, which the planner has shown for the actual weights. Inputs count from 0 to 255.
 *
 * Two tiles side by side share the weights. Their source is copied first, so tiles may reach outside the image; the
 * outputs of those that do are written beside and copied. Output and input must not overlap. */
#ifndef THIMBLE_AOT_CONV_2D_WINOGRAD_H
#define THIMBLE_AOT_CONV_2D_WINOGRAD_H

#include <stddef.h>
#include <stdint.h>

#include "arch/cortex_m4.h"
#include "arithmetic/wide_step.h"
#include "variants/winograd_layout.h"

enum {
    THIMBLE_WINOGRAD_ROWS = 6,
    THIMBLE_WINOGRAD_COLUMNS = 10, /* of the source of two tiles */
    THIMBLE_WINOGRAD_POINTS = 36
};

struct thimble_conv_2d_winograd {
    int32_t input_height, input_width, channels;
    int32_t padding_top, padding_left;
    int32_t padding_value; /* zero point of the input */
    int32_t output_height, output_width, filters;
    const int32_t *weights;
    struct thimble_wide_step step;
    thimble_winograd_transform *transform; /* assembly, or NULL */
    thimble_winograd_multiply *multiply;   /* the same */
};

/* ---- what the assembly computes, in C ---- */

/* B' d for six words. */
static inline void thimble_winograd_inputs(const int32_t d[6], int32_t v[6]) {
    const int32_t u = d[4] - d[2], w = d[3] - d[1], p = d[4] - 4 * d[2], q = d[3] - 4 * d[1];
    v[0] = u + 4 * (d[0] - d[2]);
    v[1] = p + q;
    v[2] = p - q;
    v[3] = u + 2 * w;
    v[4] = u - 2 * w;
    v[5] = d[5] - d[3] - 4 * w;
}

/* A' m for six sums, modulo 2^32. */
static inline void thimble_winograd_sums(const uint32_t m[6], uint32_t y[4]) {
    const uint32_t a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], e = m[3] - m[4];
    y[0] = m[0] + a + c;
    y[1] = b + 2 * e;
    y[2] = a + 4 * c;
    y[3] = b + 8 * e + 2 * m[5];
}

/* The source [6][10][channels] of two tiles to their points: for each point, for each four channels, the channels 0
 * and 2 of both tiles as two int16, then the channels 1 and 3; and behind each point a word that is 0 but for the
 * last. */
static inline void thimble_winograd_transform_in_c(const uint8_t *source, int32_t channels,
                                                   uint32_t *points) {
    const int32_t point_words = channels + 1;
    for (int32_t channel = 0; channel < channels; channel++) {
        for (int32_t tile = 0; tile < 2; tile++) {
            int32_t half[6][6];
            for (int32_t column = 0; column < 6; column++) {
                int32_t d[6], v[6];
                for (int32_t row = 0; row < 6; row++) {
                    d[row] =
                        source[(row * THIMBLE_WINOGRAD_COLUMNS + 4 * tile + column) * channels +
                               channel];
                }
                thimble_winograd_inputs(d, v);
                for (int32_t row = 0; row < 6; row++) {
                    half[row][column] = v[row];
                }
            }
            for (int32_t row = 0; row < 6; row++) {
                int32_t v[6];
                thimble_winograd_inputs(half[row], v);
                for (int32_t column = 0; column < 6; column++) {
                    uint32_t *word = points + (6 * row + column) * point_words + channel / 4 * 4 +
                                     channel % 2 * 2 + tile;
                    const uint32_t bits = (uint16_t)v[column];
                    *word = channel % 4 < 2 ? (*word & UINT32_C(0xFFFF0000)) | bits
                                            : (*word & UINT32_C(0x0000FFFF)) | bits << 16;
                }
            }
        }
    }
}

/* The sum of one point of a tile and a filter, modulo 2^32. Written for processors without SIMD. */
static inline uint32_t thimble_winograd_point(const uint32_t *points, const int32_t *weights,
                                              int32_t steps) {
    uint32_t sum = 0;
    for (; steps > 0; steps--, points += 2, weights += 4) {
        sum += (uint32_t)(thimble_load_half(points, 0) * thimble_load_half(weights, 0));
        sum += (uint32_t)(thimble_load_half(points, 1) * thimble_load_half(weights, 1));
    }
    return sum;
}

static inline void thimble_winograd_multiply_in_c(const struct thimble_conv_2d_winograd *conv,
                                                  const uint32_t *points, const int32_t *weights,
                                                  int8_t *output,
                                                  const struct thimble_winograd_outputs *outputs) {
    const int32_t steps = conv->channels / 2, constants = conv->step.lowered ? 5 : 3;
    for (int32_t group = 0; group < outputs->groups; group++, output += 4) {
        const int32_t *ends = weights + THIMBLE_WINOGRAD_POINTS * steps * 4;
        for (int32_t tile = 0; tile < 2; tile++) {
            for (int32_t filter = 0; filter < 4; filter++) {
                uint32_t half[6][4];
                for (int32_t column = 0; column < 6; column++) {
                    uint32_t m[6], y[4];
                    for (int32_t row = 0; row < 6; row++) {
                        const int32_t point = 6 * row + column;
                        m[row] =
                            thimble_winograd_point(points + point * (conv->channels + 1) + tile,
                                                   weights + point * steps * 4 + filter, steps);
                    }
                    thimble_winograd_sums(m, y);
                    for (int32_t row = 0; row < 4; row++) {
                        half[column][row] = y[row];
                    }
                }
                const int32_t *end = ends + constants * filter;
                const int32_t ordered[5] = {end[2], end[0], end[1], conv->step.lowered ? end[3] : 0,
                                            conv->step.lowered ? end[4] : 0};
                for (int32_t row = 0; row < 4; row++) {
                    uint32_t m[6], y[4];
                    for (int32_t column = 0; column < 6; column++) {
                        m[column] = half[column][row];
                    }
                    thimble_winograd_sums(m, y);
                    for (int32_t column = 0; column < 4; column++) {
                        output[row * outputs->row_bytes +
                               (4 * tile + column) * outputs->pixel_bytes + filter] =
                            thimble_wide_output(&conv->step, (int32_t)y[column], ordered);
                    }
                }
            }
        }
        weights = ends + 4 * constants;
    }
}

/* ---- the layer ---- */

/* The source of two tiles whose first output is at row `top` and column `left`, counted from 0 to 255. */
static inline void thimble_winograd_source(const struct thimble_conv_2d_winograd *conv,
                                           const int8_t *input, int32_t top, int32_t left,
                                           uint8_t *source) {
    const uint32_t sign = UINT32_C(0x80808080);
    const uint32_t padding = ((uint8_t)conv->padding_value * UINT32_C(0x01010101)) ^ sign;
    const int32_t pixel_bytes = conv->channels;
    for (int32_t row = 0; row < THIMBLE_WINOGRAD_ROWS; row++) {
        const int32_t y = top - conv->padding_top + row;
        int32_t x = left - conv->padding_left;
        const int32_t end = x + THIMBLE_WINOGRAD_COLUMNS;
        const int32_t run = x >= 0 && end <= conv->input_width ? THIMBLE_WINOGRAD_COLUMNS : 1;
        for (; x < end; x += run) {
            const int8_t *from = input + (y * conv->input_width + x) * pixel_bytes;
            if (y >= 0 && y < conv->input_height && x >= 0 && x < conv->input_width) {
                THIMBLE_UNROLL(4)
                for (int32_t i = 0; i < run * pixel_bytes; i += 4, source += 4) {
                    thimble_store_word(source, thimble_load_word(from + i) ^ sign);
                }
            } else {
                for (int32_t i = 0; i < run * pixel_bytes; i += 4, source += 4) {
                    thimble_store_word(source, padding);
                }
            }
        }
    }
}

static inline void thimble_winograd_tiles(const struct thimble_conv_2d_winograd *conv,
                                          const uint8_t *source, uint32_t *points, int8_t *output,
                                          const struct thimble_winograd_outputs *outputs) {
    if (conv->transform != NULL && conv->multiply != NULL) {
        conv->transform(source, points);
        conv->multiply(points, conv->weights, output, outputs);
    } else {
        thimble_winograd_transform_in_c(source, conv->channels, points);
        thimble_winograd_multiply_in_c(conv, points, conv->weights, output, outputs);
    }
}

__attribute__((noinline, unused)) static void thimble_conv_2d_winograd(
    const struct thimble_conv_2d_winograd *conv, const int8_t *input, int8_t *output,
    void *scratch) {
    const int32_t filters = conv->filters, groups = (filters + 3) / 4;
    uint32_t *points = (uint32_t *)scratch;
    uint8_t *source = (uint8_t *)(points + THIMBLE_WINOGRAD_POINTS * (conv->channels + 1));
    int8_t *beside =
        (int8_t *)source + THIMBLE_WINOGRAD_ROWS * THIMBLE_WINOGRAD_COLUMNS * conv->channels;
    const struct thimble_winograd_outputs direct = {filters, conv->output_width * filters, groups};
    const struct thimble_winograd_outputs apart = {4 * groups, 8 * 4 * groups, groups};
    for (int32_t point = 0; point < THIMBLE_WINOGRAD_POINTS; point++) {
        points[point * (conv->channels + 1) + conv->channels] =
            point == THIMBLE_WINOGRAD_POINTS - 1;
    }
    for (int32_t y = 0; y < conv->output_height; y += 4) {
        for (int32_t x = 0; x < conv->output_width; x += 8) {
            int8_t *pixels = output + (y * conv->output_width + x) * filters;
            thimble_winograd_source(conv, input, y, x, source);
            if (y + 4 <= conv->output_height && x + 8 <= conv->output_width && filters % 4 == 0) {
                thimble_winograd_tiles(conv, source, points, pixels, &direct);
                continue;
            }
            thimble_winograd_tiles(conv, source, points, beside, &apart);
            for (int32_t row = 0; row < 4 && y + row < conv->output_height; row++) {
                for (int32_t column = 0; column < 8 && x + column < conv->output_width; column++) {
                    for (int32_t i = 0; i < filters; i++) {
                        pixels[row * direct.row_bytes + column * filters + i] =
                            beside[row * apart.row_bytes + column * apart.pixel_bytes + i];
                    }
                }
            }
        }
    }
}

#endif
