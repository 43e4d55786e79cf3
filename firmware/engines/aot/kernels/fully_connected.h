/* A dense layer: FULLY_CONNECTED of TensorFlow Lite, int8, per-tensor or per-channel weights.
 *
 *   input    int8 [rows][depth]
 *   weights  int8 [units][depth], zero point 0
 *   bias     int32 [units], or NULL
 *   output   int8 [rows][units]
 *
 * Follows FullyConnected and FullyConnectedPerChannel in
 * tensorflow/lite/kernels/internal/reference/integer_ops/fully_connected.h. The planner has shown
 * that the int32 sums cannot overflow. Needs no scratch memory; input and output must not overlap.
 */
#ifndef THIMBLE_AOT_FULLY_CONNECTED_H
#define THIMBLE_AOT_FULLY_CONNECTED_H

#include <stddef.h>
#include <stdint.h>

#include "arithmetic/requantize.h"

struct thimble_fully_connected {
    int32_t rows, depth, units;
    int32_t input_zero_point;
    const int8_t *weights;
    const int32_t *bias;
    struct thimble_requantization requantization;
};

static inline void thimble_fully_connected(const struct thimble_fully_connected *dense,
                                           const int8_t *input, int8_t *output) {
    for (int32_t row = 0; row < dense->rows; row++) {
        const int8_t *weight = dense->weights;
        for (int32_t unit = 0; unit < dense->units; unit++) {
            int32_t sum = 0;
            for (int32_t i = 0; i < dense->depth; i++) {
                sum += weight[i] * (input[i] - dense->input_zero_point);
            }
            if (dense->bias != NULL) {
                sum += dense->bias[unit];
            }
            *output++ = thimble_requantize(&dense->requantization, unit, sum);
            weight += dense->depth;
        }
        input += dense->depth;
    }
}

#endif
