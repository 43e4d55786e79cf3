/* A convolution of any shape, and the maximum pooling behind it if there is one, with two
 * multiply-accumulates an instruction: CONV_2D and MAX_POOL_2D of TensorFlow Lite, int8.
 *
 *   input    int8 [input_height][input_width][channels]
 *   weights  int8 [filters][4 * quads], aligned to 4: a filter's rows one behind the other, then zeros
 *   output   int8 [output_height][output_width][filters]
 *   scratch  32 * groups * quads + 4 * quads bytes, aligned to 4
 *
 * Gives the bits of conv_2d.h followed by max_pool_2d.h. Without pooling the window of the pooling
 * is 1 x 1. The greatest of the sums in a pooling window is requantised once, which is the same
 * because requantisation never decreases; windows do not overlap, so no sum is computed twice.
 *
 * Four windows of the input ("patches") are laid out for SMLAD: for each four taps and each patch
 * the taps 0 and 2 as two int16 in a word, then the taps 1 and 3. So each word of four weights is
 * taken apart once for 16 multiply-accumulates. Taps in the padding are the zero point of the
 * input. A pooling window has `groups` times four patches; where it has fewer, the first one fills
 * up. All windows of a group are read before its pixels are written, so the output may reach into the
 * input as far as codegen/aot/overlap.py says. */
#ifndef THIMBLE_AOT_CONV_2D_DUAL_H
#define THIMBLE_AOT_CONV_2D_DUAL_H

#include <stdint.h>

#include "arch/cortex_m4.h"
#include "arithmetic/one_step.h"
#include "arithmetic/window.h"

struct thimble_conv_2d_dual {
    int32_t input_height, input_width, channels;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t padding_value; /* zero point of the input */
    int32_t conv_height, conv_width;
    int32_t pool_height, pool_width;
    int32_t pool_stride_height, pool_stride_width;
    int32_t pool_padding_top, pool_padding_left;
    int32_t output_height, output_width, filters; /* after pooling */
    int32_t quads, groups;
    const int8_t *weights;
    struct thimble_one_step requantization;
    int32_t backward; /* 1 to walk from the last pixel to the first */
};

THIMBLE_SPECIALIZED int8_t *thimble_dual_copy(const int8_t *from, int32_t bytes, int8_t *to) {
    int32_t i = 0;
    for (; i < bytes - 3; i += 4) {
        thimble_store_word(to + i, thimble_load_word(from + i));
    }
    for (; i < bytes; i++) {
        to[i] = from[i];
    }
    return to + i;
}

THIMBLE_SPECIALIZED int8_t *thimble_dual_fill(int32_t value, int32_t bytes, int8_t *to) {
    int32_t i = 0;
    for (; i < bytes; i++) {
        to[i] = (int8_t)value;
    }
    return to + i;
}

/* The taps of the window at row y and column x of the convolution, `bytes` with 4 * quads bytes. */
THIMBLE_SPECIALIZED void thimble_dual_window(const struct thimble_conv_2d_dual *conv,
                                             const int8_t *input, int32_t y, int32_t x,
                                             int8_t *bytes) {
    const int32_t channels = conv->channels;
    const struct thimble_window rows =
        thimble_clip_window(y * conv->stride_height - conv->padding_top, conv->filter_height,
                            conv->dilation_height, conv->input_height);
    const struct thimble_window columns =
        thimble_clip_window(x * conv->stride_width - conv->padding_left, conv->filter_width,
                            conv->dilation_width, conv->input_width);
    /* Without dilation the taps of a row lie side by side in the input: one run of bytes. */
    const int32_t taps = conv->dilation_width == 1 ? columns.end - columns.begin : 1;
    for (int32_t row = 0; row < conv->filter_height; row++) {
        if (row < rows.begin || row >= rows.end || columns.begin >= columns.end) {
            bytes = thimble_dual_fill(conv->padding_value, conv->filter_width * channels, bytes);
            continue;
        }
        const int8_t *from =
            input + (rows.origin + row * conv->dilation_height) * conv->input_width * channels;
        bytes = thimble_dual_fill(conv->padding_value, columns.begin * channels, bytes);
        for (int32_t tap = columns.begin; tap < columns.end; tap += taps) {
            const int32_t column = columns.origin + tap * conv->dilation_width;
            bytes = thimble_dual_copy(from + column * channels, taps * channels, bytes);
        }
        bytes = thimble_dual_fill(conv->padding_value,
                                  (conv->filter_width - columns.end) * channels, bytes);
    }
}

/* The window at (y, x) as patch 0, 1, 2 or 3 of a group. */
THIMBLE_SPECIALIZED void thimble_dual_patch(const struct thimble_conv_2d_dual *conv,
                                            const int8_t *input, int32_t y, int32_t x,
                                            int8_t *bytes, uint32_t *patch) {
    thimble_dual_window(conv, input, y, x, bytes);
    for (int32_t i = 0; i < conv->quads; i++, bytes += 4, patch += 8) {
        const uint32_t taps = thimble_load_word(bytes);
        patch[0] = thimble_even_bytes(taps);
        patch[1] = thimble_odd_bytes(taps);
    }
}

/* The sums of one filter over the four patches of a group. A function of its own, as its assembly
 * wants nearly all registers. */
__attribute__((noinline, unused)) static void thimble_dual_sums(const uint32_t *patches,
                                                                const int8_t *weights,
                                                                int32_t quads, int32_t sums[4]) {
    int32_t sum_0 = 0, sum_1 = 0, sum_2 = 0, sum_3 = 0;
#if THIMBLE_CORTEX_M4
    __asm__(
        "1: ldr r8, [%[weights]], #4\n"
        "ldm %[patches]!, {r4, r5, r6, r10}\n"
        "sxtb16 r9, r8\n"
        "sxtb16 r8, r8, ror #8\n"
        "smlad %[sum_0], r4, r9, %[sum_0]\n"
        "smlad %[sum_0], r5, r8, %[sum_0]\n"
        "smlad %[sum_1], r6, r9, %[sum_1]\n"
        "smlad %[sum_1], r10, r8, %[sum_1]\n"
        "ldm %[patches]!, {r4, r5, r6, r10}\n"
        "smlad %[sum_2], r4, r9, %[sum_2]\n"
        "smlad %[sum_2], r5, r8, %[sum_2]\n"
        "smlad %[sum_3], r6, r9, %[sum_3]\n"
        "smlad %[sum_3], r10, r8, %[sum_3]\n"
        "subs %[quads], %[quads], #1\n"
        "bne 1b\n"
        : [sum_0] "+r"(sum_0), [sum_1] "+r"(sum_1), [sum_2] "+r"(sum_2), [sum_3] "+r"(sum_3),
          [patches] "+r"(patches), [weights] "+r"(weights), [quads] "+r"(quads)
        :
        : "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory");
#else
    for (; quads > 0; quads--, patches += 8, weights += 4) {
        const uint32_t taps = thimble_load_word(weights);
        const uint32_t even = thimble_even_bytes(taps), odd = thimble_odd_bytes(taps);
        sum_0 = thimble_multiply_add_halves(patches[1], odd,
                                            thimble_multiply_add_halves(patches[0], even, sum_0));
        sum_1 = thimble_multiply_add_halves(patches[3], odd,
                                            thimble_multiply_add_halves(patches[2], even, sum_1));
        sum_2 = thimble_multiply_add_halves(patches[5], odd,
                                            thimble_multiply_add_halves(patches[4], even, sum_2));
        sum_3 = thimble_multiply_add_halves(patches[7], odd,
                                            thimble_multiply_add_halves(patches[6], even, sum_3));
    }
#endif
    sums[0] = sum_0;
    sums[1] = sum_1;
    sums[2] = sum_2;
    sums[3] = sum_3;
}

static inline int32_t thimble_dual_greatest(const int32_t sums[4], int32_t greatest) {
    for (int32_t i = 0; i < 4; i++) {
        greatest = sums[i] > greatest ? sums[i] : greatest;
    }
    return greatest;
}

/* One pixel of the output, behind pooling. */
THIMBLE_SPECIALIZED void thimble_dual_pooled(const struct thimble_conv_2d_dual *conv,
                                             const int8_t *input, int32_t y, int32_t x,
                                             int8_t *bytes, uint32_t *patches, int8_t *output) {
    const struct thimble_window rows =
        thimble_clip_window(y * conv->pool_stride_height - conv->pool_padding_top,
                            conv->pool_height, 1, conv->conv_height);
    const struct thimble_window columns =
        thimble_clip_window(x * conv->pool_stride_width - conv->pool_padding_left, conv->pool_width,
                            1, conv->conv_width);
    int32_t row = rows.begin, column = columns.begin;
    for (int32_t i = 0; i < 4 * conv->groups; i++) {
        uint32_t *patch = patches + i / 4 * conv->quads * 8 + i % 4 * 2;
        thimble_dual_patch(conv, input, rows.origin + row, columns.origin + column, bytes, patch);
        if (++column == columns.end) {
            column = columns.begin;
            row = row + 1 == rows.end ? rows.begin : row + 1;
        }
    }
    const int8_t *weights = conv->weights;
    for (int32_t filter = 0; filter < conv->filters; filter++, weights += 4 * conv->quads) {
        int32_t greatest = INT32_MIN;
        for (int32_t group = 0; group < conv->groups; group++) {
            int32_t sums[4];
            thimble_dual_sums(patches + group * conv->quads * 8, weights, conv->quads, sums);
            greatest = thimble_dual_greatest(sums, greatest);
        }
        output[filter] = thimble_requantize_one_step(&conv->requantization, filter, greatest);
    }
}

/* Up to four neighbouring pixels of the output, without pooling. */
THIMBLE_SPECIALIZED void thimble_dual_pixels(const struct thimble_conv_2d_dual *conv,
                                             const int8_t *input, int32_t y, int32_t x,
                                             int8_t *bytes, uint32_t *patches, int8_t *output) {
    const int32_t left = conv->output_width - x, pixels = left < 4 ? left : 4;
    for (int32_t i = 0; i < pixels; i++) {
        thimble_dual_patch(conv, input, y, x + i, bytes, patches + 2 * i);
    }
    const int8_t *weights = conv->weights;
    for (int32_t filter = 0; filter < conv->filters; filter++, weights += 4 * conv->quads) {
        int32_t sums[4];
        thimble_dual_sums(patches, weights, conv->quads, sums);
        for (int32_t i = 0; i < pixels; i++) {
            output[i * conv->filters + filter] =
                thimble_requantize_one_step(&conv->requantization, filter, sums[i]);
        }
    }
}

THIMBLE_SPECIALIZED void thimble_conv_2d_dual(const struct thimble_conv_2d_dual *conv,
                                              const int8_t *input, int8_t *output, void *scratch) {
    uint32_t *patches = (uint32_t *)scratch;
    const int32_t words = conv->groups * conv->quads * 8;
    int8_t *bytes = (int8_t *)(patches + words);
    const int32_t pooled = conv->pool_height > 1 || conv->pool_width > 1 ||
                           conv->pool_stride_height > 1 || conv->pool_stride_width > 1;
    /* What no tap and no patch writes is multiplied, too: by zero, or to sums that nobody reads. */
    for (int32_t i = 0; i < words; i++) {
        patches[i] = 0;
    }
    for (int32_t i = 0; i < 4 * conv->quads; i++) {
        bytes[i] = 0;
    }
    const int32_t pixels = pooled ? 1 : 4; /* computed together */
    const int32_t groups = (conv->output_width + pixels - 1) / pixels;
    for (int32_t row = 0; row < conv->output_height; row++) {
        const int32_t y = conv->backward ? conv->output_height - 1 - row : row;
        for (int32_t group = 0; group < groups; group++) {
            const int32_t x = (conv->backward ? groups - 1 - group : group) * pixels;
            int8_t *pixel = output + (y * conv->output_width + x) * conv->filters;
            if (pooled) {
                thimble_dual_pooled(conv, input, y, x, bytes, patches, pixel);
            } else {
                thimble_dual_pixels(conv, input, y, x, bytes, patches, pixel);
            }
        }
    }
}

#endif
