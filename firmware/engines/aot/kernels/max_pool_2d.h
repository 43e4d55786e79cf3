/* The greatest value of each window: MAX_POOL_2D of TensorFlow Lite, int8.
 *
 *   input    int8 [input_height][input_width][channels]
 *   output   int8 [output_height][output_width][channels], quantised as the input
 *
 * Follows MaxPool in tensorflow/lite/kernels/internal/reference/integer_ops/pooling.h: what lies
 * outside the input takes no part. Needs no scratch memory; input and output must not overlap. */
#ifndef THIMBLE_AOT_MAX_POOL_2D_H
#define THIMBLE_AOT_MAX_POOL_2D_H

#include <stdint.h>

#include "arithmetic/window.h"

struct thimble_max_pool_2d {
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width;
    int32_t window_height, window_width;
    int32_t stride_height, stride_width;
    int32_t padding_top, padding_left;
    int32_t minimum, maximum; /* of the output, by the fused activation: within int8 */
};

static inline void thimble_max_pool_2d(const struct thimble_max_pool_2d *pool, const int8_t *input,
                                       int8_t *output) {
    for (int32_t y = 0; y < pool->output_height; y++) {
        const struct thimble_window rows =
            thimble_clip_window(y * pool->stride_height - pool->padding_top, pool->window_height, 1,
                                pool->input_height);
        for (int32_t x = 0; x < pool->output_width; x++) {
            const struct thimble_window columns =
                thimble_clip_window(x * pool->stride_width - pool->padding_left, pool->window_width,
                                    1, pool->input_width);
            for (int32_t channel = 0; channel < pool->channels; channel++) {
                int32_t greatest = pool->minimum;
                for (int32_t row = rows.begin; row < rows.end; row++) {
                    for (int32_t column = columns.begin; column < columns.end; column++) {
                        const int32_t pixel =
                            (rows.origin + row) * pool->input_width + columns.origin + column;
                        const int32_t value = input[pixel * pool->channels + channel];
                        greatest = value > greatest ? value : greatest;
                    }
                }
                *output++ = (int8_t)(greatest < pool->maximum ? greatest : pool->maximum);
            }
        }
    }
}

/* Several images, one behind the other. */
struct thimble_max_pool_2d_batch {
    int32_t batch;
    struct thimble_max_pool_2d image;
};

static inline void thimble_max_pool_2d_batch(const struct thimble_max_pool_2d_batch *images,
                                             const int8_t *input, int8_t *output) {
    const struct thimble_max_pool_2d *pool = &images->image;
    for (int32_t image = 0; image < images->batch; image++) {
        thimble_max_pool_2d(pool, input, output);
        input += pool->input_height * pool->input_width * pool->channels;
        output += pool->output_height * pool->output_width * pool->channels;
    }
}

#endif
