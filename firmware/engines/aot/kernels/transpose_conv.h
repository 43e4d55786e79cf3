/* A convolution turned round: TRANSPOSE_CONV of TensorFlow Lite, int8, per-tensor or per-channel weights.
 *
 *   input    int8 [input_height][input_width][channels]
 *   weights  int8 [filters][filter_height][filter_width][channels], zero point 0
 *   bias     int32 [filters], or NULL
 *   output   int8 [output_height][output_width][filters]
 *
 * Input (y, x) reaches the outputs from (y * stride - padding) on; here each output collects what reaches it, the same
 * sum as that of TransposeConv in tensorflow/lite/kernels/internal/reference/integer_ops/transpose_conv.h. The planner
 * has shown that the int32 sums cannot overflow. Needs no scratch memory; input and output must not overlap. */
#ifndef THIMBLE_AOT_TRANSPOSE_CONV_H
#define THIMBLE_AOT_TRANSPOSE_CONV_H

#include <stddef.h>
#include <stdint.h>

#include "arithmetic/requantize.h"

struct thimble_transpose_conv {
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width, filters;
    int32_t filter_height, filter_width;
    int32_t stride_height, stride_width;
    int32_t padding_top, padding_left;
    int32_t input_zero_point;
    const int8_t *weights;
    const int32_t *bias;
    struct thimble_requantization requantization;
};

/* The input place that reaches an output place by the filter's tap, or -1. */
static inline int32_t thimble_transpose_source(int32_t place, int32_t tap, int32_t stride,
                                               int32_t inputs) {
    const int32_t distance = place - tap;
    return distance >= 0 && distance % stride == 0 && distance / stride < inputs ? distance / stride
                                                                                 : -1;
}

static inline int32_t thimble_transpose_sum(const struct thimble_transpose_conv *conv,
                                            const int8_t *input, const int8_t *filter, int32_t y,
                                            int32_t x) {
    int32_t sum = 0;
    for (int32_t row = 0; row < conv->filter_height; row++) {
        const int32_t in_y = thimble_transpose_source(y + conv->padding_top, row,
                                                      conv->stride_height, conv->input_height);
        for (int32_t column = 0; in_y >= 0 && column < conv->filter_width; column++) {
            const int32_t in_x = thimble_transpose_source(x + conv->padding_left, column,
                                                          conv->stride_width, conv->input_width);
            const int8_t *in = input + (in_y * conv->input_width + in_x) * conv->channels;
            const int8_t *weight = filter + (row * conv->filter_width + column) * conv->channels;
            for (int32_t i = 0; in_x >= 0 && i < conv->channels; i++) {
                sum += weight[i] * (in[i] - conv->input_zero_point);
            }
        }
    }
    return sum;
}

static inline void thimble_transpose_conv(const struct thimble_transpose_conv *conv,
                                          const int8_t *input, int8_t *output) {
    const int32_t filter_bytes = conv->filter_height * conv->filter_width * conv->channels;
    for (int32_t y = 0; y < conv->output_height; y++) {
        for (int32_t x = 0; x < conv->output_width; x++) {
            for (int32_t channel = 0; channel < conv->filters; channel++) {
                const int8_t *filter = conv->weights + channel * filter_bytes;
                int32_t sum = thimble_transpose_sum(conv, input, filter, y, x);
                if (conv->bias != NULL) {
                    sum += conv->bias[channel];
                }
                *output++ = thimble_requantize(&conv->requantization, channel, sum);
            }
        }
    }
}

/* Several images, one behind the other. */
struct thimble_transpose_conv_batch {
    int32_t batch;
    struct thimble_transpose_conv image;
};

static inline void thimble_transpose_conv_batch(const struct thimble_transpose_conv_batch *images,
                                                const int8_t *input, int8_t *output) {
    const struct thimble_transpose_conv *conv = &images->image;
    for (int32_t image = 0; image < images->batch; image++) {
        thimble_transpose_conv(conv, input, output);
        input += conv->input_height * conv->input_width * conv->channels;
        output += conv->output_height * conv->output_width * conv->filters;
    }
}

#endif
