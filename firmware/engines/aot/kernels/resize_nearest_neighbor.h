/* Images of another size, each pixel the nearest one of the input: RESIZE_NEAREST_NEIGHBOR of TensorFlow Lite, int8.
 *
 *   input    int8 [batch][height][width][channels]
 *   output   int8 [batch][rows][columns][channels]
 *
 * Follows tensorflow/lite/kernels/internal/reference/resize_nearest_neighbor.h; which pixel is the nearest one
 * was computed by the planner. Needs no scratch memory; input and output must not overlap. */
#ifndef THIMBLE_AOT_RESIZE_NEAREST_NEIGHBOR_H
#define THIMBLE_AOT_RESIZE_NEAREST_NEIGHBOR_H

#include <stdint.h>
#include <string.h>

struct thimble_resize_nearest_neighbor {
    int32_t batch, image_bytes; /* of the input */
    int32_t rows, columns, channels;
    const int32_t *row_offsets;    /* [rows]: where the nearest row begins in an image */
    const int32_t *column_offsets; /* [columns]: where the nearest pixel begins in a row */
};

static inline void thimble_resize_nearest_neighbor(
    const struct thimble_resize_nearest_neighbor *resize, const int8_t *input, int8_t *output) {
    for (int32_t image = 0; image < resize->batch; image++) {
        for (int32_t row = 0; row < resize->rows; row++) {
            const int8_t *nearest = input + resize->row_offsets[row];
            for (int32_t column = 0; column < resize->columns; column++) {
                memcpy(output, nearest + resize->column_offsets[column], (size_t)resize->channels);
                output += resize->channels;
            }
        }
        input += resize->image_bytes;
    }
}

#endif
