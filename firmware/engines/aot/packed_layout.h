/* The parameters of conv_pool_packed.h, which explains the words used here, and the sizes that
 * follow from them. codegen/aot/packed.py computes the same. */
#ifndef THIMBLE_AOT_PACKED_LAYOUT_H
#define THIMBLE_AOT_PACKED_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "cortex_m4.h"

typedef void packed_rows(const int32_t *stream, const int32_t *weights, int8_t *output);
typedef void packed_stream(const int8_t *input, int32_t *stream, int32_t words);
typedef void packed_expand(const int32_t *weights, int32_t *expanded);

struct conv_pool_packed {
    int32_t input_height, input_width, channels;
    int32_t output_height, output_width, filters; /* after pooling */
    int32_t padding_top, padding_left;
    int32_t padded_height, padded_width; /* of a copy in scratch, or 0: reads stay in the input */
    int32_t padding_value;               /* zero point of the input */
    int32_t bits, split, shift;
    int32_t fast;         /* 1 or 0 */
    int32_t taps_x;       /* pairs of taps along x; 2 where fast */
    int32_t filter_words; /* stored for each filter */
    const int32_t *weights;
    packed_rows *rows_3, *rows_2;       /* assembly, or NULL */
    packed_stream *stream_3, *stream_2; /* the same, never where fast */
    packed_expand *expand;              /* the same, only where fast */
};

/* What the functions below count with. */
struct packed_shape {
    int32_t rows, positions, units;
    int32_t part_words, unit_words; /* of the stream */
    int32_t part_weights, unit_weights;
};

SPECIALIZED struct packed_shape packed_shape(const struct conv_pool_packed *conv, int32_t rows) {
    struct packed_shape shape;
    const int32_t taps = (conv->fast ? 1 : conv->taps_x) * conv->channels;
    shape.rows = rows;
    shape.positions = conv->output_width + 1 + (conv->fast ? (conv->output_width + 1) % 2 : 0);
    shape.units = conv->fast ? shape.positions / 2 * 3 : shape.positions;
    shape.part_words = taps * (rows + 1);
    shape.unit_words = 3 * shape.part_words + 1;
    shape.part_weights = 2 * taps;
    shape.unit_weights = 6 + 3 * shape.part_weights;
    return shape;
}

#endif
