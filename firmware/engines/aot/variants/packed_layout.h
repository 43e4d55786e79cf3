/* The parameters of conv_pool_packed.h, which explains the words used here. All sizes are computed by
 * codegen/aot/variants/conv_pool_packed.py, which lays out the constants by them. */
#ifndef THIMBLE_AOT_PACKED_LAYOUT_H
#define THIMBLE_AOT_PACKED_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "arch/cortex_m4.h"

typedef void thimble_packed_rows(const int32_t *stream, const int32_t *weights, int8_t *output);
typedef void thimble_packed_stream(const int8_t *input, int32_t *stream, int32_t words);
typedef void thimble_packed_expand(const int32_t *weights, int32_t *expanded);

/* The stream of a block of pooled rows, in words. */
struct thimble_packed_block {
    int32_t rows;       /* 3 or 2 */
    int32_t part_words; /* of each of the three parts of a unit */
    int32_t unit_words; /* of a unit: its parts, and the step to the next unit's weights */
};

struct thimble_conv_pool_packed {
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width, filters; /* after pooling */
    int32_t padding_top, padding_left;
    int32_t padded_height, padded_width; /* of a copy in scratch, or 0: reads stay in the input */
    int32_t padding_value;               /* zero point of the input */
    int32_t pitch;                       /* bytes from one row of what is read to the next */
    int32_t bits, split, shift;
    int32_t fast;                       /* 1 or 0 */
    int32_t taps_x;                     /* pairs of taps along x; 2 where fast */
    int32_t positions, units;           /* of each row of the stream */
    int32_t part_weights, unit_weights; /* words */
    int32_t filter_words;               /* stored for each filter */
    int32_t padded_words;               /* of the copy, before everything else in scratch */
    int32_t stream_start;               /* words before the first block's stream, behind the copy */
    int32_t blocks_of_3, blocks_of_2;   /* the pooled rows: first these, then those */
    struct thimble_packed_block block_3, block_2;
    const int32_t *weights;
    thimble_packed_rows *rows_3, *rows_2;       /* assembly, or NULL */
    thimble_packed_stream *stream_3, *stream_2; /* the same, never where fast */
    thimble_packed_expand *expand;              /* the same, only where fast */
};

#endif
