/* The parameters of conv_2d_chained.h, which explains the words used here. All sizes are computed by
 * codegen/aot/variants/conv_2d_chained.py, which lays out the weights by them. */
#ifndef THIMBLE_AOT_CHAINED_LAYOUT_H
#define THIMBLE_AOT_CHAINED_LAYOUT_H

#include <stdint.h>

/* The outputs of `filters` (a multiple of 4) at two positions, from their patches; returns where the weights
 * behind these begin. `steps` is the number of words of a patch, 2 or more. */
typedef const int32_t *thimble_chained_filters(const uint32_t *patches, const int32_t *weights,
                                               int8_t *first, int8_t *second, int32_t filters,
                                               int32_t steps);

/* The outputs of four filters at `pairs` pairs of positions, from their patches and the filters' strip. The outputs
 * of both positions of the first pair begin at `first` and `second`, those of the next pair `pitch` behind. */
typedef void thimble_chained_positions(const uint32_t *patches, const int32_t *strip, int8_t *first,
                                       int8_t *second, int32_t pairs, int32_t steps, int32_t pitch);

/* The strip of four filters, whose weights are `words` times four words, one of each filter; returns where what
 * stands behind these begins, without it. */
typedef const int8_t *thimble_chained_strip(const int8_t *weights, int32_t *strip, int32_t words);

#endif
