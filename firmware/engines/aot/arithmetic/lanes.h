/* Four sums from three: lanes of two weights, w1 + 256 w2, each of which shares a weight with the next
 * (docs/kernels/chained.md). */
#ifndef THIMBLE_AOT_LANES_H
#define THIMBLE_AOT_LANES_H

#include <stdint.h>

/* The four sums times 256, if each is below 2^23, from those of the three lanes modulo 2^32. */
static inline void thimble_sums_of_lanes(const uint32_t lanes[3], int32_t sums_256[4]) {
    const uint32_t first = (lanes[0] - ((lanes[1] - (lanes[2] << 8)) << 8)) << 8;
    sums_256[0] = (int32_t)first;
    for (int32_t i = 0; i < 3; i++) {
        sums_256[i + 1] = (int32_t)(lanes[i] - (uint32_t)(sums_256[i] >> 8));
    }
}

#endif
