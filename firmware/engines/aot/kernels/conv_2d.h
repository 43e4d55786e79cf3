/* Two-dimensional convolution: CONV_2D of TensorFlow Lite, int8, per-tensor or per-channel weights.
 *
 *   input    int8 [input_height][input_width][input_channels]
 *   weights  int8 [output_channels][filter_height][filter_width][input_channels], zero point 0
 *   bias     int32 [output_channels], or NULL
 *   output   int8 [output_height][output_width][output_channels]
 *
 * Follows ConvPerChannel in tensorflow/lite/kernels/internal/reference/integer_ops/conv.h: products
 * of weights with (input - zero point), windows clipped to the input, double-rounded
 * requantisation. The planner has shown that the int32 sums cannot overflow. Needs no scratch
 * memory. A pixel is written after its window was read but for its last channel, so the output may
 * reach into the input as far as codegen/aot/overlap.py says. */
#ifndef THIMBLE_AOT_CONV_2D_H
#define THIMBLE_AOT_CONV_2D_H

#include <stddef.h>
#include <stdint.h>

#include "arithmetic/requantize.h"
#include "arithmetic/window.h"

struct thimble_conv_2d {
    int32_t input_height, input_width, input_channels;
    int32_t output_height, output_width, output_channels;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t input_zero_point;
    const int8_t *weights;
    const int32_t *bias;
    struct thimble_requantization requantization;
    int32_t backward; /* 1 to walk from the last pixel to the first */
};

/* The sum of one filter over one window. */
static inline int32_t thimble_conv_2d_window(const struct thimble_conv_2d *conv,
                                             const int8_t *input, const int8_t *filter,
                                             struct thimble_window rows,
                                             struct thimble_window columns) {
    const int32_t channels = conv->input_channels;
    /* Without dilation the taps of a filter row lie side by side in the input: one run of bytes. */
    const int32_t taps = conv->dilation_width == 1 ? columns.end - columns.begin : 1;
    int32_t sum = 0;
    for (int32_t row = rows.begin; row < rows.end; row++) {
        const int32_t y = rows.origin + row * conv->dilation_height;
        for (int32_t column = columns.begin; column < columns.end; column += taps) {
            const int32_t x = columns.origin + column * conv->dilation_width;
            const int8_t *in = input + (y * conv->input_width + x) * channels;
            const int8_t *weight = filter + (row * conv->filter_width + column) * channels;
            for (int32_t i = 0; i < taps * channels; i++) {
                sum += weight[i] * (in[i] - conv->input_zero_point);
            }
        }
    }
    return sum;
}

static inline void thimble_conv_2d(const struct thimble_conv_2d *conv, const int8_t *input,
                                   int8_t *output) {
    const int32_t filter_bytes = conv->filter_height * conv->filter_width * conv->input_channels;
    for (int32_t row = 0; row < conv->output_height; row++) {
        const int32_t y = conv->backward ? conv->output_height - 1 - row : row;
        const struct thimble_window rows =
            thimble_clip_window(y * conv->stride_height - conv->padding_top, conv->filter_height,
                                conv->dilation_height, conv->input_height);
        for (int32_t column = 0; column < conv->output_width; column++) {
            const int32_t x = conv->backward ? conv->output_width - 1 - column : column;
            int8_t *pixel = output + (y * conv->output_width + x) * conv->output_channels;
            const struct thimble_window columns =
                thimble_clip_window(x * conv->stride_width - conv->padding_left, conv->filter_width,
                                    conv->dilation_width, conv->input_width);
            for (int32_t channel = 0; channel < conv->output_channels; channel++) {
                const int8_t *filter = conv->weights + channel * filter_bytes;
                int32_t sum = thimble_conv_2d_window(conv, input, filter, rows, columns);
                if (conv->bias != NULL) {
                    sum += conv->bias[channel];
                }
                *pixel++ = thimble_requantize(&conv->requantization, channel, sum);
            }
        }
    }
}

/* Several images, one behind the other. */
struct thimble_conv_2d_batch {
    int32_t batch;
    struct thimble_conv_2d image;
};

static inline void thimble_conv_2d_batch(const struct thimble_conv_2d_batch *images,
                                         const int8_t *input, int8_t *output) {
    const struct thimble_conv_2d *conv = &images->image;
    for (int32_t image = 0; image < images->batch; image++) {
        thimble_conv_2d(conv, input, output);
        input += conv->input_height * conv->input_width * conv->input_channels;
        output += conv->output_height * conv->output_width * conv->output_channels;
    }
}

#endif
