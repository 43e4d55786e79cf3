/* The parameters of conv_2d_winograd.h, which explains the words used here. All sizes are computed by
 * codegen/aot/variants/conv_2d_winograd.py, which lays out the weights by them. */
#ifndef THIMBLE_AOT_WINOGRAD_LAYOUT_H
#define THIMBLE_AOT_WINOGRAD_LAYOUT_H

#include <stdint.h>

/* Where the outputs of two tiles go. */
struct thimble_winograd_outputs {
    int32_t pixel_bytes; /* from one to the next */
    int32_t row_bytes;
    int32_t groups; /* of four filters */
};

/* `source` as 36 points: see thimble_winograd_transform_in_c. */
typedef void thimble_winograd_transform(const uint8_t *source, uint32_t *points);

/* All filters over two tiles. */
typedef void thimble_winograd_multiply(const uint32_t *points, const int32_t *weights,
                                       int8_t *output,
                                       const struct thimble_winograd_outputs *outputs);

#endif
