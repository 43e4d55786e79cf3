/* A depthwise convolution of any shape, four channels at a time: DEPTHWISE_CONV_2D of TensorFlow Lite, int8, with
 * a depth multiplier of 1.
 *
 *   input    int8 [input_height][input_width][channels]
 *   weights  int32: for each four channels and each tap two words of two int16, channels 0 and 2 and channels
 *            1 and 3 (low half first); channels beyond the last are 0
 *   output   int8 [output_height][output_width][channels]
 *   scratch  8 bytes a tap, then `channels` bytes rounded up to 4, aligned to 8
 *
 * Gives the bits of depthwise_conv_2d.h. Four neighbouring channels are one word of the input, which SXTB16
 * takes apart into two words of two int16; SMLABB and SMLATT multiply one half each. Taps in the padding read a
 * row of zero points, so that every sum has all its products and the zero point of the input is in the offset of
 * the requantisation. Four channels are written after they were read from all taps, so the output may reach into
 * the input as far as codegen/aot/overlap.py says. */
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
    int32_t groups; /* of four channels, the last one perhaps not full */
    int32_t taps;   /* filter_height * filter_width */
    const int32_t *weights;
    struct thimble_one_step requantization;
    int32_t backward; /* 1 to walk from the last pixel to the first */
};

/* Where the channels of each tap of the window at row y and column x of the output begin. */
THIMBLE_SPECIALIZED void thimble_depthwise_taps(const struct thimble_depthwise_dual *conv,
                                                const int8_t *input, int32_t y, int32_t x,
                                                const int8_t *zeros, const int8_t **taps) {
    const int32_t top = y * conv->stride_height - conv->padding_top;
    const int32_t left = x * conv->stride_width - conv->padding_left;
    for (int32_t row = 0; row < conv->filter_height; row++) {
        const int32_t in_y = top + row * conv->dilation_height;
        const int8_t *from = input + in_y * conv->input_width * conv->channels;
        for (int32_t column = 0; column < conv->filter_width; column++) {
            const int32_t in_x = left + column * conv->dilation_width;
            const int32_t inside =
                in_y >= 0 && in_y < conv->input_height && in_x >= 0 && in_x < conv->input_width;
            *taps++ = inside ? from + in_x * conv->channels : zeros;
        }
    }
}

/* Four channels at `channel` of every tap, of which the first `count` are there. */
THIMBLE_SPECIALIZED void thimble_depthwise_group(const struct thimble_depthwise_dual *conv,
                                                 const int8_t *const *taps, int32_t channel,
                                                 int32_t count, const int32_t *weights,
                                                 int8_t *output) {
    int32_t sums[4] = {0, 0, 0, 0};
    for (int32_t tap = 0; tap < conv->taps; tap++, weights += 2) {
        uint32_t word = 0;
        if (count == 4) {
            word = thimble_load_word(taps[tap] + channel);
        } else { /* no byte behind the last channel is read */
            for (int32_t i = 0; i < count; i++) {
                word |= (uint32_t)(uint8_t)taps[tap][channel + i] << 8 * i;
            }
        }
        const uint32_t even = thimble_even_bytes(word), odd = thimble_odd_bytes(word);
        sums[0] = thimble_multiply_add_low(even, (uint32_t)weights[0], sums[0]);
        sums[1] = thimble_multiply_add_low(odd, (uint32_t)weights[1], sums[1]);
        sums[2] = thimble_multiply_add_high(even, (uint32_t)weights[0], sums[2]);
        sums[3] = thimble_multiply_add_high(odd, (uint32_t)weights[1], sums[3]);
    }
    for (int32_t i = 0; i < count; i++) {
        output[i] = thimble_requantize_one_step(&conv->requantization, channel + i, sums[i]);
    }
}

THIMBLE_SPECIALIZED void thimble_depthwise_dual(const struct thimble_depthwise_dual *conv,
                                                const int8_t *input, int8_t *output,
                                                void *scratch) {
    const int8_t **taps = (const int8_t **)scratch;
    int8_t *zeros = (int8_t *)scratch + 8 * conv->taps;
    const int32_t whole = conv->channels / 4;
    for (int32_t channel = 0; channel < conv->channels; channel++) {
        zeros[channel] = (int8_t)conv->padding_value;
    }
    for (int32_t row = 0; row < conv->output_height; row++) {
        const int32_t y = conv->backward ? conv->output_height - 1 - row : row;
        for (int32_t column = 0; column < conv->output_width; column++) {
            const int32_t x = conv->backward ? conv->output_width - 1 - column : column;
            int8_t *pixel = output + (y * conv->output_width + x) * conv->channels;
            thimble_depthwise_taps(conv, input, y, x, zeros, taps);
            const int32_t *weights = conv->weights;
            for (int32_t group = 0; group < whole; group++, weights += 2 * conv->taps) {
                thimble_depthwise_group(conv, taps, 4 * group, 4, weights, pixel + 4 * group);
            }
            if (conv->groups > whole) {
                thimble_depthwise_group(conv, taps, 4 * whole, conv->channels - 4 * whole, weights,
                                        pixel + 4 * whole);
            }
        }
    }
}

#endif
