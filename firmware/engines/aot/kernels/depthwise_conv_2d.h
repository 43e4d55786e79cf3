/* Two-dimensional convolution of each channel by itself: DEPTHWISE_CONV_2D of TensorFlow Lite, int8,
 * per-tensor or per-channel weights.
 *
 *   input    int8 [input_height][input_width][input_channels]
 *   weights  int8 [filter_height][filter_width][input_channels * depth_multiplier], zero point 0
 *   bias     int32 [input_channels * depth_multiplier], or NULL
 *   output   int8 [output_height][output_width][input_channels * depth_multiplier]
 *
 * Follows DepthwiseConvPerChannel in tensorflow/lite/kernels/internal/reference/integer_ops/depthwise_conv.h:
 * output channel m reads input channel m / depth_multiplier, windows are clipped to the input. The planner
 * has shown that the int32 sums cannot overflow. Needs no scratch memory; the output may reach into the
 * input as far as codegen/aot/overlap.py says. */
#ifndef THIMBLE_AOT_DEPTHWISE_CONV_2D_H
#define THIMBLE_AOT_DEPTHWISE_CONV_2D_H

#include <stddef.h>
#include <stdint.h>

#include "arithmetic/requantize.h"
#include "arithmetic/window.h"

struct thimble_depthwise_conv_2d {
    int32_t input_height, input_width, input_channels;
    int32_t depth_multiplier;
    int32_t output_height, output_width;
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

/* The sum of one output channel over one window. */
static inline int32_t thimble_depthwise_window(const struct thimble_depthwise_conv_2d *conv,
                                               const int8_t *input, int32_t channel,
                                               struct thimble_window rows,
                                               struct thimble_window columns) {
    const int32_t channels = conv->input_channels, outputs = channels * conv->depth_multiplier;
    const int8_t *in = input + channel / conv->depth_multiplier;
    int32_t sum = 0;
    for (int32_t row = rows.begin; row < rows.end; row++) {
        const int32_t y = rows.origin + row * conv->dilation_height;
        for (int32_t column = columns.begin; column < columns.end; column++) {
            const int32_t x = columns.origin + column * conv->dilation_width;
            const int32_t weight =
                conv->weights[(row * conv->filter_width + column) * outputs + channel];
            sum += weight * (in[(y * conv->input_width + x) * channels] - conv->input_zero_point);
        }
    }
    return sum;
}

static inline void thimble_depthwise_conv_2d(const struct thimble_depthwise_conv_2d *conv,
                                             const int8_t *input, int8_t *output) {
    const int32_t outputs = conv->input_channels * conv->depth_multiplier;
    for (int32_t row = 0; row < conv->output_height; row++) {
        const int32_t y = conv->backward ? conv->output_height - 1 - row : row;
        const struct thimble_window rows =
            thimble_clip_window(y * conv->stride_height - conv->padding_top, conv->filter_height,
                                conv->dilation_height, conv->input_height);
        for (int32_t column = 0; column < conv->output_width; column++) {
            const int32_t x = conv->backward ? conv->output_width - 1 - column : column;
            int8_t *pixel = output + (y * conv->output_width + x) * outputs;
            const struct thimble_window columns =
                thimble_clip_window(x * conv->stride_width - conv->padding_left, conv->filter_width,
                                    conv->dilation_width, conv->input_width);
            for (int32_t channel = 0; channel < outputs; channel++) {
                int32_t sum = thimble_depthwise_window(conv, input, channel, rows, columns);
                if (conv->bias != NULL) {
                    sum += conv->bias[channel];
                }
                pixel[channel] = thimble_requantize(&conv->requantization, channel, sum);
            }
        }
    }
}

/* Several images, one behind the other. */
struct thimble_depthwise_conv_2d_batch {
    int32_t batch;
    struct thimble_depthwise_conv_2d image;
};

static inline void thimble_depthwise_conv_2d_batch(
    const struct thimble_depthwise_conv_2d_batch *images, const int8_t *input, int8_t *output) {
    const struct thimble_depthwise_conv_2d *conv = &images->image;
    for (int32_t image = 0; image < images->batch; image++) {
        thimble_depthwise_conv_2d(conv, input, output);
        input += conv->input_height * conv->input_width * conv->input_channels;
        output += conv->output_height * conv->output_width * conv->input_channels *
                  conv->depth_multiplier;
    }
}

#endif
