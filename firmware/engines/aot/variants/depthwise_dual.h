/* A depthwise convolution of any shape, four channels at a time: DEPTHWISE_CONV_2D of TensorFlow Lite, int8, with
 * a depth multiplier of 1.
 *
 *   input    int8 [input_height][input_width][channels]
 *   weights  int32: for each four channels and each tap two words of two int16, channels 0 and 2 and channels
 *            1 and 3 (low half first). Where the channels are no multiple of four, the last four overlap those
 *            before them, with weights of 0 for the channels that were computed already; of less than four
 *            channels the missing ones are 0
 *   output   int8 [output_height][output_width][channels]
 *   scratch  8 bytes a tap, then `channels` bytes rounded up to 4, aligned to 8
 *
 * Gives the bits of depthwise_conv_2d.h. Four neighbouring channels are one word of the input, which SXTB16
 * takes apart into two words of two int16; SMLABB and SMLATT multiply one half each. Taps in the padding read a
 * row of zero points, so that every sum has all its products and the zero point of the input is in the offset of
 * the requantisation. Four channels are written after they were read from all taps, so the output may reach into
 * the input as far as codegen/aot/overlap.py says.
 *
 * `unrolled` spells out the taps and gives windows without padding a path of their own, which takes a third less
 * instructions and about 700 bytes more. */
#ifndef THIMBLE_AOT_DEPTHWISE_DUAL_H
#define THIMBLE_AOT_DEPTHWISE_DUAL_H

#include <stdint.h>

#include "arch/cortex_m4.h"
#include "arithmetic/one_step.h"
#include "arithmetic/window.h"

struct thimble_depthwise_dual {
    int32_t input_height, input_width, channels;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t padding_value; /* zero point of the input */
    int32_t output_height, output_width;
    int32_t unrolled; /* 1 to spell out the taps */
    int32_t taps;     /* filter_height * filter_width */
    const int32_t *weights;
    struct thimble_one_step requantization;
    int32_t backward; /* 1 to walk from the last pixel to the first */
};

/* Where the channels of each tap of the window at row `top` and column `left` of the input begin. */
THIMBLE_SPECIALIZED void thimble_depthwise_taps(const struct thimble_depthwise_dual *conv,
                                                const int8_t *input, int32_t top, int32_t left,
                                                const int8_t *zeros, const int8_t **taps) {
    const int8_t *from = input + (top * conv->input_width + left) * conv->channels;
    for (int32_t row = 0; row < conv->filter_height; row++) {
        const uint32_t y = (uint32_t)(top + row * conv->dilation_height); /* large where negative */
        const int8_t *tap = from;
        for (int32_t column = 0; column < conv->filter_width; column++) {
            const uint32_t x = (uint32_t)(left + column * conv->dilation_width);
            const int32_t inside =
                y < (uint32_t)conv->input_height && x < (uint32_t)conv->input_width;
            *taps++ = inside ? tap : zeros;
            tap += conv->dilation_width * conv->channels;
        }
        from += conv->dilation_height * conv->input_width * conv->channels;
    }
}

/* The first four bytes at `from`; of less than four channels those that are there. */
THIMBLE_SPECIALIZED uint32_t thimble_depthwise_word(const struct thimble_depthwise_dual *conv,
                                                    const int8_t *from) {
    if (conv->channels >= 4) {
        return thimble_load_word(from);
    }
    uint32_t word = 0;
    for (int32_t i = 0; i < conv->channels; i++) {
        word |= (uint32_t)(uint8_t)from[i] << 8 * i;
    }
    return word;
}

/* Add the products of one tap's four channels. As one piece, as compilers would load many taps before they
 * multiply one, for which there are not the registers. */
THIMBLE_SPECIALIZED void thimble_depthwise_add(uint32_t word, const int32_t weights[2],
                                               int32_t sums[4]) {
#if THIMBLE_CORTEX_M4
    uint32_t even;
    __asm__ volatile(
        "sxtb16 %[even], %[word]\n\t"
        "sxtb16 %[word], %[word], ror #8\n\t"
        "smlabb %[sum_0], %[even], %[even_weights], %[sum_0]\n\t"
        "smlabb %[sum_1], %[word], %[odd_weights], %[sum_1]\n\t"
        "smlatt %[sum_2], %[even], %[even_weights], %[sum_2]\n\t"
        "smlatt %[sum_3], %[word], %[odd_weights], %[sum_3]"
        : [even] "=&r"(even), [word] "+r"(word), [sum_0] "+r"(sums[0]), [sum_1] "+r"(sums[1]),
          [sum_2] "+r"(sums[2]), [sum_3] "+r"(sums[3])
        : [even_weights] "r"(weights[0]), [odd_weights] "r"(weights[1])
        : "memory");
#else
    const uint32_t even = thimble_even_bytes(word), odd = thimble_odd_bytes(word);
    sums[0] = thimble_multiply_add_low(even, (uint32_t)weights[0], sums[0]);
    sums[1] = thimble_multiply_add_low(odd, (uint32_t)weights[1], sums[1]);
    sums[2] = thimble_multiply_add_high(even, (uint32_t)weights[0], sums[2]);
    sums[3] = thimble_multiply_add_high(odd, (uint32_t)weights[1], sums[3]);
#endif
}

/* The sums of four channels, which begin at `from` in the first tap of a window without padding. */
THIMBLE_SPECIALIZED void thimble_depthwise_inside(const struct thimble_depthwise_dual *conv,
                                                  const int8_t *from, const int32_t *weights,
                                                  int32_t sums[4]) {
    const int32_t column_bytes = conv->dilation_width * conv->channels;
    const int32_t row_bytes = conv->dilation_height * conv->input_width * conv->channels;
    THIMBLE_UNROLL(3)
    for (int32_t row = 0; row < conv->filter_height; row++) {
        THIMBLE_UNROLL(3)
        for (int32_t column = 0; column < conv->filter_width; column++, weights += 2) {
            const int8_t *word = from + row * row_bytes + column * column_bytes;
            thimble_depthwise_add(thimble_depthwise_word(conv, word), weights, sums);
        }
    }
}

/* The sums of four channels, which begin at `channel` of every tap. */
THIMBLE_SPECIALIZED void thimble_depthwise_padded(const struct thimble_depthwise_dual *conv,
                                                  const int8_t *const *taps, int32_t channel,
                                                  const int32_t *weights, int32_t sums[4]) {
    if (conv->unrolled) {
        THIMBLE_UNROLL(9)
        for (int32_t tap = 0; tap < conv->taps; tap++, weights += 2) {
            thimble_depthwise_add(thimble_depthwise_word(conv, taps[tap] + channel), weights, sums);
        }
    } else {
        for (int32_t tap = 0; tap < conv->taps; tap++, weights += 2) {
            thimble_depthwise_add(thimble_depthwise_word(conv, taps[tap] + channel), weights, sums);
        }
    }
}

/* Four channels from `channel` on; the outputs of those from `first` to before `end` of them. The taps are, where
 * that is `inside`, the window that begins at `window`, else those that are listed. */
THIMBLE_SPECIALIZED void thimble_depthwise_group(const struct thimble_depthwise_dual *conv,
                                                 int32_t inside, const int8_t *window,
                                                 const int8_t *const *taps, int32_t channel,
                                                 int32_t first, int32_t end, const int32_t *weights,
                                                 int8_t *pixel) {
    int32_t sums[4] = {0, 0, 0, 0};
    if (inside) {
        thimble_depthwise_inside(conv, window + channel, weights, sums);
    } else {
        thimble_depthwise_padded(conv, taps, channel, weights, sums);
    }
    THIMBLE_UNROLL(4)
    for (int32_t i = first; i < end; i++) {
        pixel[channel + i] =
            thimble_requantize_one_step(&conv->requantization, channel + i, sums[i]);
    }
}

/* All channels of one pixel of the output. */
THIMBLE_SPECIALIZED void thimble_depthwise_pixel(const struct thimble_depthwise_dual *conv,
                                                 int32_t inside, const int8_t *window,
                                                 const int8_t *const *taps, int8_t *pixel) {
    const int32_t whole = conv->channels / 4, rest = conv->channels % 4;
    const int32_t *weights = conv->weights;
    for (int32_t group = 0; group < whole; group++, weights += 2 * conv->taps) {
        thimble_depthwise_group(conv, inside, window, taps, 4 * group, 0, 4, weights, pixel);
    }
    if (rest > 0 && whole > 0) {
        const int32_t last = conv->channels - 4;
        thimble_depthwise_group(conv, inside, window, taps, last, 4 - rest, 4, weights, pixel);
    } else if (rest > 0) {
        thimble_depthwise_group(conv, inside, window, taps, 0, 0, rest, weights, pixel);
    }
}

THIMBLE_SPECIALIZED void thimble_depthwise_dual(const struct thimble_depthwise_dual *conv,
                                                const int8_t *input, int8_t *output,
                                                void *scratch) {
    const int8_t **taps = (const int8_t **)scratch;
    int8_t *zeros = (int8_t *)scratch + 8 * conv->taps;
    /* How many rows and columns a window without padding may begin at. */
    const int32_t rows = conv->input_height - (conv->filter_height - 1) * conv->dilation_height;
    const int32_t columns = conv->input_width - (conv->filter_width - 1) * conv->dilation_width;
    for (int32_t channel = 0; channel < conv->channels; channel++) {
        zeros[channel] = (int8_t)conv->padding_value;
    }
    for (int32_t row = 0; row < conv->output_height; row++) {
        const int32_t y = conv->backward ? conv->output_height - 1 - row : row;
        const int32_t top = y * conv->stride_height - conv->padding_top;
        for (int32_t column = 0; column < conv->output_width; column++) {
            const int32_t x = conv->backward ? conv->output_width - 1 - column : column;
            const int32_t left = x * conv->stride_width - conv->padding_left;
            int8_t *pixel = output + (y * conv->output_width + x) * conv->channels;
            if (conv->unrolled && rows > 0 && columns > 0 && (uint32_t)top < (uint32_t)rows &&
                (uint32_t)left < (uint32_t)columns) {
                const int8_t *window = input + (top * conv->input_width + left) * conv->channels;
                thimble_depthwise_pixel(conv, 1, window, NULL, pixel);
            } else {
                thimble_depthwise_taps(conv, input, top, left, zeros, taps);
                thimble_depthwise_pixel(conv, 0, NULL, taps, pixel);
            }
        }
    }
}

#endif
