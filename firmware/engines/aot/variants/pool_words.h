/* Poolings four channels at a time: MAX_POOL_2D and AVERAGE_POOL_2D of TensorFlow Lite, int8, and MEAN and SUM over
 * rows and columns, for four channels or more.
 *
 *   input    int8 [input_height][input_width][channels]
 *   output   int8 [output_height][output_width][channels]
 *
 * Gives the bits of max_pool_2d.h, average_pool_2d.h and mean.h. Four neighbouring channels are one word. Two of them
 * are compared by SSUB8 and SEL; SXTAB16 adds them to two int16 each, which 255 taps cannot overflow. Where the
 * channels are no multiple of four, the last four overlap those before them. Needs no scratch memory; input and output
 * must not overlap. */
#ifndef THIMBLE_AOT_POOL_WORDS_H
#define THIMBLE_AOT_POOL_WORDS_H

#include <stdint.h>

#include "arch/cortex_m4.h"
#include "arithmetic/requantize.h"
#include "arithmetic/window.h"

struct thimble_pool_words {
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width;
    int32_t window_height, window_width;
    int32_t stride_height, stride_width;
    int32_t padding_top, padding_left;
    int32_t minimum, maximum; /* of the output, by the fused activation: within int8 */
};

struct thimble_max_pool_words {
    struct thimble_pool_words pool;
};

struct thimble_average_pool_words {
    struct thimble_pool_words pool;
};

struct thimble_mean_words {
    int32_t count; /* pixels that are added up */
    int32_t channels;
    int32_t zero_points; /* of as many */
    struct thimble_requantization requantization;
};

enum { THIMBLE_POOL_TAPS = 255 }; /* of int8 that an int16 holds the sum of */

/* The sums of four channels over `rows` of `columns` pixels, the first of which begins at `from`. */
static inline void thimble_pool_sums(const int8_t *from, int32_t rows, int32_t columns,
                                     int32_t row_bytes, int32_t pixel_bytes, int32_t sums[4]) {
    uint32_t even = 0, odd = 0;
    int32_t left = THIMBLE_POOL_TAPS;
    for (int32_t i = 0; i < 4; i++) {
        sums[i] = 0;
    }
    if (columns * pixel_bytes == row_bytes) { /* one row lies behind the other */
        columns *= rows;
        rows = 1;
    }
    for (int32_t row = 0; row < rows; row++, from += row_bytes) {
        const int8_t *pixel = from;
        for (int32_t column = columns; column > 0;) {
            const int32_t run = column < left ? column : left;
            THIMBLE_UNROLL(4)
            for (int32_t i = 0; i < run; i++, pixel += pixel_bytes) {
                const uint32_t word = thimble_load_word(pixel);
                even = thimble_add_even_bytes(even, word);
                odd = thimble_add_odd_bytes(odd, word);
            }
            column -= run;
            left -= run;
            if (left == 0 || (row == rows - 1 && column == 0)) {
                sums[0] += (int16_t)even;
                sums[1] += (int16_t)odd;
                sums[2] += (int16_t)(even >> 16);
                sums[3] += (int16_t)(odd >> 16);
                even = 0;
                odd = 0;
                left = THIMBLE_POOL_TAPS;
            }
        }
    }
}

/* Where the four channels begin of which `channel` is the first that is not yet computed. */
static inline int32_t thimble_pool_first(int32_t channel, int32_t channels) {
    return channel + 4 <= channels ? channel : channels - 4;
}

THIMBLE_SPECIALIZED int8_t thimble_pool_clamped(const struct thimble_pool_words *pool,
                                                int32_t value) {
    value = value > pool->minimum ? value : pool->minimum;
    return (int8_t)(value < pool->maximum ? value : pool->maximum);
}

static inline void thimble_pool_greatest(const struct thimble_pool_words *pool, const int8_t *from,
                                         int32_t rows, int32_t columns, int8_t *pixel) {
    const int32_t row_bytes = pool->input_width * pool->channels;
    for (int32_t done = 0; done < pool->channels; done += 4) {
        const int32_t channel = thimble_pool_first(done, pool->channels);
        uint32_t greatest = thimble_load_word(from + channel);
        for (int32_t row = 0; row < rows; row++) {
            const int8_t *tap = from + row * row_bytes + channel;
            for (int32_t column = 0; column < columns; column++, tap += pool->channels) {
                greatest = thimble_greater_bytes(greatest, thimble_load_word(tap));
            }
        }
        if (pool->minimum > INT8_MIN || pool->maximum < INT8_MAX) {
            for (int32_t i = 0; i < 4; i++) {
                pixel[channel + i] = thimble_pool_clamped(pool, (int8_t)(greatest >> 8 * i));
            }
        } else {
            thimble_store_word(pixel + channel, greatest);
        }
    }
}

static inline void thimble_pool_mean(const struct thimble_pool_words *pool, const int8_t *from,
                                     int32_t rows, int32_t columns, int8_t *pixel) {
    const int32_t row_bytes = pool->input_width * pool->channels, taps = rows * columns;
    for (int32_t done = 0; done < pool->channels; done += 4) {
        const int32_t channel = thimble_pool_first(done, pool->channels);
        int32_t sums[4];
        thimble_pool_sums(from + channel, rows, columns, row_bytes, pool->channels, sums);
        for (int32_t i = 0; i < 4; i++) {
            const int32_t half = sums[i] > 0 ? taps / 2 : -(taps / 2);
            pixel[channel + i] = thimble_pool_clamped(pool, (sums[i] + half) / taps);
        }
    }
}

/* Every pixel of the output: the greatest or the mean. */
THIMBLE_SPECIALIZED void thimble_pool_pixels(const struct thimble_pool_words *pool, int32_t mean,
                                             const int8_t *input, int8_t *output) {
    for (int32_t y = 0; y < pool->output_height; y++) {
        const struct thimble_window rows =
            thimble_clip_window(y * pool->stride_height - pool->padding_top, pool->window_height, 1,
                                pool->input_height);
        for (int32_t x = 0; x < pool->output_width; x++, output += pool->channels) {
            const struct thimble_window columns =
                thimble_clip_window(x * pool->stride_width - pool->padding_left, pool->window_width,
                                    1, pool->input_width);
            const int32_t pixel =
                (rows.origin + rows.begin) * pool->input_width + columns.origin + columns.begin;
            const int8_t *from = input + pixel * pool->channels;
            if (mean) {
                thimble_pool_mean(pool, from, rows.end - rows.begin, columns.end - columns.begin,
                                  output);
            } else {
                thimble_pool_greatest(pool, from, rows.end - rows.begin,
                                      columns.end - columns.begin, output);
            }
        }
    }
}

__attribute__((noinline, unused)) static void thimble_max_pool_words(
    const struct thimble_max_pool_words *pool, const int8_t *input, int8_t *output) {
    thimble_pool_pixels(&pool->pool, 0, input, output);
}

__attribute__((noinline, unused)) static void thimble_average_pool_words(
    const struct thimble_average_pool_words *pool, const int8_t *input, int8_t *output) {
    thimble_pool_pixels(&pool->pool, 1, input, output);
}

static inline void thimble_mean_words(const struct thimble_mean_words *mean, const int8_t *input,
                                      int8_t *output) {
    for (int32_t done = 0; done < mean->channels; done += 4) {
        const int32_t channel = thimble_pool_first(done, mean->channels);
        int32_t sums[4];
        thimble_pool_sums(input + channel, 1, mean->count, 0, mean->channels, sums);
        for (int32_t i = 0; i < 4; i++) {
            output[channel + i] =
                thimble_requantize(&mean->requantization, 0, sums[i] - mean->zero_points);
        }
    }
}

#endif
