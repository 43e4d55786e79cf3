/* Numbers of another type: CAST of TensorFlow Lite, from int8, int32 and bool to int8, int32 and float32.
 *
 *   input   [count] of `input_bytes` bytes each: 1 for int8 and bool, 4 for int32
 *   output  [count] of `output_bytes`: 1 for int8, 4 for int32 and, where `to_real`, float32
 *
 * An int8 gets the lowest byte. Needs no scratch memory; input and output must not overlap. */
#ifndef THIMBLE_AOT_CAST_H
#define THIMBLE_AOT_CAST_H

#include <stdint.h>
#include <string.h>

struct thimble_cast {
    int32_t count, input_bytes, output_bytes, to_real;
};

static inline void thimble_cast(const struct thimble_cast *cast, const int8_t *input,
                                int8_t *output) {
    for (int32_t i = 0; i < cast->count; i++) {
        int32_t value = input[i];
        if (cast->input_bytes == 4) {
            memcpy(&value, input + 4 * i, sizeof value);
        }
        const float real = (float)value;
        if (cast->to_real) {
            memcpy(output + 4 * i, &real, sizeof real);
        } else if (cast->output_bytes == 4) {
            memcpy(output + 4 * i, &value, sizeof value);
        } else {
            output[i] = (int8_t)(uint8_t)((uint32_t)value & 0xFF);
        }
    }
}

#endif
