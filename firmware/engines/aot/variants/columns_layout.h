/* The parameters of depthwise_columns.h, which explains the words used here. All sizes are computed by
 * codegen/aot/variants/depthwise_columns.py, which lays out the weights by them. */
#ifndef THIMBLE_AOT_COLUMNS_LAYOUT_H
#define THIMBLE_AOT_COLUMNS_LAYOUT_H

#include <stdint.h>

#include "arithmetic/wide_step.h"

/* A tile of the output of one channel. */
struct thimble_columns_walk {
    int32_t pair_bytes;  /* in a plane, what all pairs of outputs of a row move by */
    int32_t rest;        /* 1 where an output is left behind the pairs */
    int32_t bands;       /* of output rows: two rows where the stride is 1, one where it is 2 */
    int32_t odd;         /* 1 where the last band has one row of its two */
    int32_t row_bytes;   /* of the output */
    int32_t pixel_bytes; /* of the output */
};

/* Words of four planes. */
struct thimble_columns_rows {
    uint32_t *to;         /* the first one in the first plane */
    int32_t columns;      /* of each row */
    int32_t column_bytes; /* from one column to the next in a plane */
    int32_t
        row_bytes; /* in the input, from behind the last column to the first of the next words */
    int32_t count; /* of rows of words */
};

/* Four channels of two rows of the input as words of four planes, and so on with the two rows behind these. The
 * rows begin at `upper` and `lower`, the next pixel of each lies its stride behind. */
typedef void thimble_columns_words(const int8_t *upper, const int8_t *lower, int32_t upper_stride,
                                   int32_t lower_stride, const struct thimble_columns_rows *rows);

/* The outputs of one channel, from its plane; returns where the next channel's weights begin. */
typedef const int32_t *thimble_columns_channel(const uint32_t *plane, const int32_t *weights,
                                               int8_t *output,
                                               const struct thimble_columns_walk *walk);

struct thimble_depthwise_columns {
    int32_t input_height, input_width, channels;
    int32_t stride; /* 1 or 2, of rows and columns */
    int32_t padding_top, padding_left;
    int32_t padding_value; /* zero point of the input */
    int32_t output_height, output_width;
    int32_t tile_bands;   /* of a tile, at most */
    int32_t tile_columns; /* of outputs, even */
    int32_t plane_bytes;  /* from one channel's plane to the next */
    const int32_t *weights;
    int32_t fast_shift;            /* of channels whose first word of weights is odd: one_step.h */
    struct thimble_wide_step step; /* of the others */
    thimble_columns_words *words;  /* assembly, or NULL */
    thimble_columns_channel *channel; /* the same */
};

#endif
