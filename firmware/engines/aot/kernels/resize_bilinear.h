/* An image of another size, interpolated: RESIZE_BILINEAR of TensorFlow Lite, int8.
 *
 *   input   int8 [batch][image_bytes]
 *   output  int8 [batch][rows.count][columns.count][channels]
 *
 * For each row and column of the output, `lower` and `upper` say where those of the input begin, in bytes, and
 * `weight`, of 1,024, how much the upper one counts. Follows ResizeBilinearInteger in
 * tensorflow/lite/kernels/internal/reference/resize_bilinear.h, rounded half away from zero. Needs no scratch
 * memory; input and output must not overlap. */
#ifndef THIMBLE_AOT_RESIZE_BILINEAR_H
#define THIMBLE_AOT_RESIZE_BILINEAR_H

#include <stdint.h>

struct thimble_resize_axis {
    int32_t count;
    const int32_t *lower, *upper, *weight; /* [count] */
};

struct thimble_resize_bilinear {
    int32_t batch, image_bytes, channels;
    struct thimble_resize_axis rows, columns;
};

static inline int8_t thimble_resize_pixel(int32_t upper_left, int32_t upper_right,
                                          int32_t lower_left, int32_t lower_right, int32_t down,
                                          int32_t right) {
    const int64_t sum = (int64_t)upper_left * (1024 - down) * (1024 - right) +
                        (int64_t)lower_left * down * (1024 - right) +
                        (int64_t)upper_right * (1024 - down) * right +
                        (int64_t)lower_right * down * right;
    return (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
}

static inline void thimble_resize_bilinear(const struct thimble_resize_bilinear *resize,
                                           const int8_t *input, int8_t *output) {
    const struct thimble_resize_axis *rows = &resize->rows, *columns = &resize->columns;
    for (int32_t image = 0; image < resize->batch; image++, input += resize->image_bytes) {
        for (int32_t y = 0; y < rows->count; y++) {
            const int8_t *top = input + rows->lower[y], *bottom = input + rows->upper[y];
            for (int32_t x = 0; x < columns->count; x++) {
                const int32_t left = columns->lower[x], right = columns->upper[x];
                for (int32_t channel = 0; channel < resize->channels; channel++) {
                    *output++ = thimble_resize_pixel(
                        top[left + channel], top[right + channel], bottom[left + channel],
                        bottom[right + channel], rows->weight[y], columns->weight[x]);
                }
            }
        }
    }
}

#endif
