/* The parameters of fully_connected_lanes.h, which explains the words used here. All sizes are computed by
 * codegen/aot/variants/fully_connected_lanes.py, which lays out the weights by them. */
#ifndef THIMBLE_AOT_DENSE_LAYOUT_H
#define THIMBLE_AOT_DENSE_LAYOUT_H

#include <stdint.h>

/* The outputs of `units`, a multiple of those that are computed together, from `quads` pairs of words of the input;
 * returns where the weights behind these begin. */
typedef const int32_t *thimble_dense_units(const uint32_t *input, const int32_t *weights,
                                           int8_t *output, int32_t units, int32_t quads);

/* The same by names of their own, as the assembly macros that make them. */
typedef thimble_dense_units thimble_dense_chained;
typedef thimble_dense_units thimble_dense_paired;

#endif
