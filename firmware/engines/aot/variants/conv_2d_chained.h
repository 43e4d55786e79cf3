/* A convolution of any shape, and the maximum pooling behind it if there is one, with four filters in three
 * accumulators: CONV_2D and MAX_POOL_2D of TensorFlow Lite, int8.
 *
 *   input    int8 [input_height][input_width][channels]
 *   weights  int32, for each four filters: for each step three words, then for each of them its multiplier and its
 *            offset (low and high word), then a unit and a zero where negative outputs are lowered. Of the last three
 *            of the four the offset stands before the multiplier, too. Filters that fill up the last four have
 *            weights of 0
 *   output   int8 [output_height][output_width][filters]
 *   scratch  24 bytes for each word of a window; with pooling behind them `filters` bytes, rounded up to 4, for
 *            each position of a pooling window; behind that the padded copy, if there is one; aligned to 4
 *
 * Gives the bits of conv_2d.h followed by max_pool_2d.h. Without pooling the window of the pooling is 1 x 1. An
 * int16 holds two weights, as w1 + 256 * w2, so SMLAD makes four products. Of
 * four filters three such lanes are kept, each of which shares a filter with the next:
 *
 *     w1 + 256 w2        w2 + 256 w3        w3 + 256 w4
 *
 * Their sums R1, R2, R3 modulo 2^32 tell the four sums of products Y1 .. Y4, if these are below 2^23:
 *
 *     256 (R1 - 256 (R2 - 256 R3)) = 256 Y1 + 2^32 Y4 = 256 Y1,    256 Y2 = R1 - Y1,    256 Y3 = R2 - Y2, ...
 *
 * The planner has shown it for the actual weights. docs/kernels/chained.md has a drawing.
 *
 * A window is some runs of neighbouring bytes. The whole words of all runs come first, then what is left of them: one
 * byte of each of four runs is a word, or two bytes of each of two; three bytes are filled up to a word whose last
 * weight is 0. Two windows become a patch: for each word the bytes 0 and 2 of the first window as two int16, those of
 * the second, then the bytes 1 and 3 of both. Windows in the padding, and those whose last word would reach behind the
 * input, are copied first; a small input is copied as a whole, with its padding, which then is the input. Both windows of a patch are read before their pixels are
 * written, so the output may reach into the input as far as codegen/aot/overlap.py says. */
#ifndef THIMBLE_AOT_CONV_2D_CHAINED_H
#define THIMBLE_AOT_CONV_2D_CHAINED_H

#include <stddef.h>
#include <stdint.h>

#include "arch/cortex_m4.h"
#include "arithmetic/lanes.h"
#include "arithmetic/wide_step.h"
#include "arithmetic/window.h"
#include "variants/chained_layout.h"

/* A copy of the input with its padding; `height` is 0 where there is none. */
struct thimble_chained_copy {
    int32_t height, width; /* of the input without padding */
    int32_t top, left;     /* where it lies in the copy */
};

struct thimble_conv_2d_chained {
    int32_t input_height, input_width, channels; /* with the padding, where that is copied */
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left; /* 0 where the padding is copied */
    int32_t padding_value;             /* zero point of the input */
    struct thimble_chained_copy copy;
    int32_t conv_height, conv_width;
    int32_t pool_height, pool_width;
    int32_t pool_stride_height, pool_stride_width;
    int32_t pool_padding_top, pool_padding_left;
    int32_t output_height, output_width, filters; /* after pooling */
    int32_t runs;         /* of a row of the window: 1, or with dilation one for each tap */
    int32_t run_bytes;    /* of each */
    int32_t run_words;    /* the same in words, three bytes filled up */
    int32_t left;         /* bytes of each run behind its words: 0, 1 or 2 */
    int32_t words;        /* of a window */
    int32_t pooled_bytes; /* of the outputs of a pooling window */
    struct thimble_wide_step step;
    const int32_t *weights;
    thimble_chained_filters *assembly; /* or NULL */
    int32_t backward;                  /* 1 to walk from the last pixel to the first */
};

/* Where the runs of a window are: bytes from one row to the next, and from one run of a row to the next. */
struct thimble_chained_window {
    const int8_t *from;
    int32_t row, run;
};

/* The pixel at `from`, or padding where that is NULL, to `to`; returns where it ends. */
THIMBLE_SPECIALIZED int8_t *thimble_chained_pixel(const struct thimble_conv_2d_chained *conv,
                                                  const int8_t *from, int8_t *to) {
    if (conv->channels % 4 == 0) {
        const uint32_t padding = (uint8_t)conv->padding_value * UINT32_C(0x01010101);
        for (int32_t i = 0; i < conv->channels; i += 4) {
            thimble_store_word(to + i, from != NULL ? thimble_load_word(from + i) : padding);
        }
    } else {
        for (int32_t i = 0; i < conv->channels; i++) {
            to[i] = from != NULL ? from[i] : (int8_t)conv->padding_value;
        }
    }
    return to + conv->channels;
}

/* The window at a position of the convolution, copied to `bytes` where it does not lie within the input. */
THIMBLE_SPECIALIZED struct thimble_chained_window thimble_chained_window(
    const struct thimble_conv_2d_chained *conv, const int8_t *input, int32_t position,
    int8_t *bytes) {
    const int32_t channels = conv->channels;
    const int32_t top = position / conv->conv_width * conv->stride_height - conv->padding_top;
    const int32_t left = position % conv->conv_width * conv->stride_width - conv->padding_left;
    const int32_t bottom = top + (conv->filter_height - 1) * conv->dilation_height;
    const int32_t right = left + (conv->filter_width - 1) * conv->dilation_width;
    /* Bytes that are filled up come from the pixels behind. */
    const int32_t pitch = 4 * conv->run_words + conv->left;
    const int32_t behind =
        (bottom * conv->input_width + right + 1) * channels + pitch - conv->run_bytes;
    if (conv->copy.height > 0 ||
        (top >= 0 && left >= 0 && bottom < conv->input_height && right < conv->input_width &&
         (pitch == conv->run_bytes ||
          behind <= conv->input_height * conv->input_width * channels))) {
        return (struct thimble_chained_window){input + (top * conv->input_width + left) * channels,
                                               conv->dilation_height * conv->input_width * channels,
                                               conv->dilation_width * channels};
    }
    const int32_t pixels = conv->run_bytes / channels; /* of a run */
    int8_t *to = bytes;
    for (int32_t row = 0; row < conv->filter_height; row++) {
        const int32_t y = top + row * conv->dilation_height;
        for (int32_t run = 0; run < conv->runs; run++) {
            int32_t x = left + run * conv->dilation_width;
            for (int32_t pixel = 0; pixel < pixels; pixel++, x++) {
                const int32_t inside =
                    y >= 0 && y < conv->input_height && x >= 0 && x < conv->input_width;
                to = thimble_chained_pixel(
                    conv, inside ? input + (y * conv->input_width + x) * channels : NULL, to);
            }
            to += pitch - conv->run_bytes;
        }
    }
    return (struct thimble_chained_window){bytes, conv->runs * pitch, pitch};
}

/* `words` words of two windows as a part of their patch. A function of its own, as its assembly wants many
 * registers. */
__attribute__((noinline, unused)) static uint32_t *thimble_chained_patch(const int8_t *first,
                                                                         const int8_t *second,
                                                                         int32_t words,
                                                                         uint32_t *patch) {
#if THIMBLE_CORTEX_M4
    __asm__ volatile(/* what it writes to memory counts */
                     "1: ldr r8, [%[first]], #4\n"
                     "ldr r9, [%[second]], #4\n"
                     "sxtb16 r4, r8\n"
                     "sxtb16 r5, r9\n"
                     "sxtb16 r6, r8, ror #8\n"
                     "sxtb16 r8, r9, ror #8\n"
                     "stm %[patch]!, {r4, r5, r6, r8}\n"
                     "subs %[words], %[words], #1\n"
                     "bne 1b\n"
                     : [first] "+r"(first), [second] "+r"(second), [words] "+r"(words),
                       [patch] "+r"(patch)
                     :
                     : "r4", "r5", "r6", "r8", "r9", "cc", "memory");
#else
    for (; words > 0; words--, first += 4, second += 4, patch += 4) {
        const uint32_t one = thimble_load_word(first), other = thimble_load_word(second);
        patch[0] = thimble_even_bytes(one);
        patch[1] = thimble_even_bytes(other);
        patch[2] = thimble_odd_bytes(one);
        patch[3] = thimble_odd_bytes(other);
    }
#endif
    return patch;
}

/* ---- what the assembly computes, in C ---- */

/* The sum of a lane at a position, modulo 2^32: two products of halves more. */
static inline uint32_t thimble_chained_add(uint32_t sum, int32_t low, int32_t high,
                                           int32_t weight_low, int32_t weight_high) {
    return sum + (uint32_t)(low * weight_low) + (uint32_t)(high * weight_high);
}

/* Written for processors without SIMD: each half is loaded once, all sums are locals. */
__attribute__((unused)) static const int32_t *thimble_chained_in_c(
    const struct thimble_wide_step *step, const uint32_t *patches, const int32_t *weights,
    int8_t *first, int8_t *second, int32_t filters, int32_t steps) {
    const int32_t constants = step->lowered ? 7 : 5; /* of each filter, less two of the first */
    for (int32_t filter = 0; filter < filters; filter += 4, weights += 4 * constants - 2) {
        uint32_t a0 = 0, a1 = 0, a2 = 0, b0 = 0, b1 = 0, b2 = 0;
        const uint32_t *patch = patches;
        for (int32_t i = 0; i < steps; i++, weights += 3, patch += 2) {
            const int32_t a_low = thimble_load_half(patch, 0), a_high = thimble_load_half(patch, 1);
            const int32_t b_low = thimble_load_half(patch, 2), b_high = thimble_load_half(patch, 3);
            int32_t low = thimble_load_half(weights, 0), high = thimble_load_half(weights, 1);
            a0 = thimble_chained_add(a0, a_low, a_high, low, high);
            b0 = thimble_chained_add(b0, b_low, b_high, low, high);
            low = thimble_load_half(weights, 2);
            high = thimble_load_half(weights, 3);
            a1 = thimble_chained_add(a1, a_low, a_high, low, high);
            b1 = thimble_chained_add(b1, b_low, b_high, low, high);
            low = thimble_load_half(weights, 4);
            high = thimble_load_half(weights, 5);
            a2 = thimble_chained_add(a2, a_low, a_high, low, high);
            b2 = thimble_chained_add(b2, b_low, b_high, low, high);
        }
        const uint32_t lanes[2][3] = {{a0, a1, a2}, {b0, b1, b2}};
        for (int32_t position = 0; position < 2; position++) {
            int8_t *output = (position ? second : first) + filter;
            int32_t sums[4];
            thimble_sums_of_lanes(lanes[position], sums);
            for (int32_t i = 0; i < 4; i++) {
                output[i] = thimble_wide_output(step, sums[i], weights + constants * i);
            }
        }
    }
    return weights;
}

/* ---- the layer ---- */

THIMBLE_SPECIALIZED const int32_t *thimble_chained_run(const struct thimble_conv_2d_chained *conv,
                                                       const uint32_t *patches,
                                                       const int32_t *weights, int8_t *first,
                                                       int8_t *second, int32_t filters) {
    const int32_t steps = 2 * conv->words;
    if (conv->assembly != NULL) {
        return conv->assembly(patches, weights, first, second, filters, steps);
    }
    return thimble_chained_in_c(&conv->step, patches, weights, first, second, filters, steps);
}

/* What is left of the runs from `run` on behind their words, as many as make a word. */
THIMBLE_SPECIALIZED uint32_t thimble_chained_left(const struct thimble_conv_2d_chained *conv,
                                                  const struct thimble_chained_window *window,
                                                  int32_t run) {
    const int32_t total = conv->filter_height * conv->runs;
    uint32_t word = 0;
    THIMBLE_UNROLL(4)
    for (int32_t place = 0; place < 4; place += conv->left, run++) {
        if (run < total) {
            const int8_t *from = window->from + run / conv->runs * window->row +
                                 run % conv->runs * window->run + 4 * conv->run_words;
            for (int32_t i = 0; i < conv->left; i++) {
                word |= (uint32_t)(uint8_t)from[i] << 8 * (place + i);
            }
        }
    }
    return word;
}

/* One word of two windows as a part of their patch; returns where it ends. */
THIMBLE_SPECIALIZED uint32_t *thimble_chained_word(uint32_t first, uint32_t second,
                                                   uint32_t *patch) {
    patch[0] = thimble_even_bytes(first);
    patch[1] = thimble_even_bytes(second);
    patch[2] = thimble_odd_bytes(first);
    patch[3] = thimble_odd_bytes(second);
    return patch + 4;
}

/* The patch of two positions of the convolution; returns where it ends. `bytes` are those of two windows. */
THIMBLE_SPECIALIZED uint32_t *thimble_chained_patches(const struct thimble_conv_2d_chained *conv,
                                                      const int8_t *input, int32_t one,
                                                      int32_t other, int8_t *bytes,
                                                      uint32_t *patch) {
    const struct thimble_chained_window first = thimble_chained_window(conv, input, one, bytes);
    const struct thimble_chained_window second =
        thimble_chained_window(conv, input, other, bytes + 4 * conv->words);
    const int32_t total = conv->filter_height * conv->runs;
    THIMBLE_UNROLL(4)
    for (int32_t row = 0; row < conv->filter_height; row++) {
        for (int32_t run = 0; run < conv->runs; run++) {
            const int8_t *from = first.from + row * first.row + run * first.run;
            const int8_t *from_other = second.from + row * second.row + run * second.run;
            if (conv->run_words > 2) {
                patch = thimble_chained_patch(from, from_other, conv->run_words, patch);
                continue;
            }
            for (int32_t i = 0; i < conv->run_words; i++) {
                patch = thimble_chained_word(thimble_load_word(from + 4 * i),
                                             thimble_load_word(from_other + 4 * i), patch);
            }
        }
    }
    if (conv->left > 0) {
        for (int32_t run = 0; run < total; run += 4 / conv->left) {
            patch = thimble_chained_word(thimble_chained_left(conv, &first, run),
                                         thimble_chained_left(conv, &second, run), patch);
        }
    }
    return patch;
}

/* All filters at two positions of the convolution. */
THIMBLE_SPECIALIZED void thimble_chained_pixels(const struct thimble_conv_2d_chained *conv,
                                                const int8_t *input, int32_t one, int32_t other,
                                                uint32_t *patches, int8_t *first, int8_t *second) {
    thimble_chained_patches(conv, input, one, other, (int8_t *)(patches + 4 * conv->words),
                            patches);
    const int32_t whole = conv->filters / 4 * 4, rest = conv->filters % 4;
    const int32_t *weights = conv->weights;
    if (whole > 0) {
        weights = thimble_chained_run(conv, patches, weights, first, second, whole);
    }
    if (rest > 0) {
        int8_t last[2][4];
        thimble_chained_run(conv, patches, weights, last[0], last[1], 4);
        for (int32_t i = 0; i < rest; i++) {
            first[whole + i] = last[0][i];
            second[whole + i] = last[1][i];
        }
    }
}

/* The pixel of the output at row y and column x, behind pooling. `outputs` holds those of the pooling window,
 * each filled up to whole words. */
THIMBLE_SPECIALIZED void thimble_chained_pooled(const struct thimble_conv_2d_chained *conv,
                                                const int8_t *input, int32_t y, int32_t x,
                                                uint32_t *patches, int8_t *outputs, int8_t *pixel) {
    const int32_t pitch = (conv->filters + 3) / 4 * 4;
    const struct thimble_window rows =
        thimble_clip_window(y * conv->pool_stride_height - conv->pool_padding_top,
                            conv->pool_height, 1, conv->conv_height);
    const struct thimble_window columns =
        thimble_clip_window(x * conv->pool_stride_width - conv->pool_padding_left, conv->pool_width,
                            1, conv->conv_width);
    const int32_t across = columns.end - columns.begin;
    const int32_t positions = (rows.end - rows.begin) * across;
    const int32_t first =
        (rows.origin + rows.begin) * conv->conv_width + columns.origin + columns.begin;
    for (int32_t i = 0; i < positions; i += 2) {
        const int32_t j = i + 1 < positions ? i + 1 : i;
        thimble_chained_pixels(conv, input, first + i / across * conv->conv_width + i % across,
                               first + j / across * conv->conv_width + j % across, patches,
                               outputs + i * pitch, outputs + j * pitch);
    }
    for (int32_t filter = 0; filter < conv->filters; filter += 4) {
        uint32_t greatest = thimble_load_word(outputs + filter);
        for (int32_t i = 1; i < positions; i++) {
            greatest =
                thimble_greater_bytes(greatest, thimble_load_word(outputs + i * pitch + filter));
        }
        for (int32_t i = 0; i < 4 && filter + i < conv->filters; i++, greatest >>= 8) {
            pixel[filter + i] = (int8_t)greatest;
        }
    }
}

/* The input with its padding, and zeros for the last word of the last window. */
THIMBLE_SPECIALIZED void thimble_chained_pad(const struct thimble_conv_2d_chained *conv,
                                             const int8_t *input, int8_t *to) {
    const int32_t row_bytes = conv->input_width * conv->channels;
    const int32_t bytes = conv->copy.width * conv->channels;
    for (int32_t i = 0; i < conv->input_height * row_bytes; i++) {
        to[i] = (int8_t)conv->padding_value;
    }
    for (int32_t i = 0; i < 4; i++) {
        to[conv->input_height * row_bytes + i] = 0;
    }
    to += conv->copy.top * row_bytes + conv->copy.left * conv->channels;
    for (int32_t y = 0; y < conv->copy.height; y++, input += bytes, to += row_bytes) {
        int32_t i = 0;
        for (; i < bytes - 3; i += 4) {
            thimble_store_word(to + i, thimble_load_word(input + i));
        }
        for (; i < bytes; i++) {
            to[i] = input[i];
        }
    }
}

THIMBLE_SPECIALIZED void thimble_conv_2d_chained(const struct thimble_conv_2d_chained *conv,
                                                 const int8_t *input, int8_t *output,
                                                 void *scratch) {
    uint32_t *patches = (uint32_t *)scratch;
    const int32_t words = conv->words;
    int8_t *outputs = (int8_t *)(patches + 6 * words);
    for (int32_t i = 4 * words; i < 6 * words; i++) {
        patches[i] = 0; /* what fills up a run is multiplied by 0, but is read */
    }
    const int32_t pooled = conv->pool_height > 1 || conv->pool_width > 1 ||
                           conv->pool_stride_height > 1 || conv->pool_stride_width > 1;
    const int32_t positions = conv->output_height * conv->output_width;
    if (conv->copy.height > 0) {
        int8_t *copy = outputs + conv->pooled_bytes;
        thimble_chained_pad(conv, input, copy);
        input = copy;
    }
    const int32_t together = pooled ? 1 : 2;
    const int32_t groups = (positions + together - 1) / together;
    for (int32_t group = 0; group < groups; group++) {
        const int32_t one = together * (conv->backward ? groups - 1 - group : group);
        int8_t *pixel = output + one * conv->filters;
        if (pooled) {
            thimble_chained_pooled(conv, input, one / conv->output_width, one % conv->output_width,
                                   patches, outputs, pixel);
        } else {
            const int32_t other = one + 1 < positions ? one + 1 : one;
            thimble_chained_pixels(conv, input, one, other, patches, pixel,
                                   output + other * conv->filters);
        }
    }
}

#endif
