/* Real numbers of int8 or uint8 values: DEQUANTIZE of TensorFlow Lite.
 *
 *   input   int8 or, where `is_unsigned`, uint8 [count]
 *   output  float32 [count], as bytes: scale * (input - zero_point)
 *
 * Follows Dequantize in tensorflow/lite/kernels/internal/reference/dequantize.h, which multiplies in double
 * and rounds to float. A float times an integer of ten bits is exact in double, so that one multiplication of
 * floats rounds the same number. Needs no scratch memory; the output must not overlap the input. */
#ifndef THIMBLE_AOT_DEQUANTIZE_H
#define THIMBLE_AOT_DEQUANTIZE_H

#include <stdint.h>
#include <string.h>

struct thimble_dequantize {
    int32_t count;
    float scale;
    int32_t zero_point;
    int32_t is_unsigned;
};

static inline void thimble_dequantize(const struct thimble_dequantize *dequantize,
                                      const int8_t *input, int8_t *output) {
    for (int32_t i = 0; i < dequantize->count; i++) {
        const int32_t value = dequantize->is_unsigned ? (uint8_t)input[i] : input[i];
        const float real = dequantize->scale * (float)(value - dequantize->zero_point);
        memcpy(output + (size_t)i * sizeof real, &real, sizeof real);
    }
}

#endif
