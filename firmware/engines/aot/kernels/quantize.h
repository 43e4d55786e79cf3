/* Real numbers as int8: QUANTIZE of TensorFlow Lite from float32.
 *
 *   input   float32 [count], as bytes
 *   output  int8 [count]: input / scale, rounded half away from zero, + zero_point, clamped
 *
 * Follows AffineQuantize in tensorflow/lite/kernels/internal/reference/quantize.h, whose conversion to int32
 * is undefined for quotients beyond int32, infinities and NaN: here they are clamped, and NaN is -128. Needs
 * no scratch memory; the output may begin where the input begins. */
#ifndef THIMBLE_AOT_QUANTIZE_H
#define THIMBLE_AOT_QUANTIZE_H

#include <stdint.h>
#include <string.h>

struct thimble_quantize {
    int32_t count;
    float scale;
    int32_t zero_point;
};

/* Rounded half away from zero, and clamped to what saturates int8 with any zero point. */
static inline int32_t thimble_round_near_int8(float value) {
    if (!(value > -512.0f)) {
        return -512; /* NaN too */
    }
    if (value > 512.0f) {
        return 512;
    }
    const int32_t towards_zero = (int32_t)value;
    const float rest = value - (float)towards_zero; /* exact */
    return towards_zero + (rest >= 0.5f) - (rest <= -0.5f);
}

static inline void thimble_quantize(const struct thimble_quantize *quantize, const int8_t *input,
                                    int8_t *output) {
    for (int32_t i = 0; i < quantize->count; i++) {
        float real;
        memcpy(&real, input + (size_t)i * sizeof real, sizeof real);
        const int32_t value =
            thimble_round_near_int8(real / quantize->scale) + quantize->zero_point;
        output[i] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
    }
}

#endif
