/* One value everywhere: what PAD writes before it copies.
 *
 *   output  int8 [count]
 *
 * Needs no scratch memory. */
#ifndef THIMBLE_AOT_FILL_H
#define THIMBLE_AOT_FILL_H

#include <stdint.h>

struct thimble_fill {
    int32_t count, value;
};

static inline void thimble_fill(const struct thimble_fill *fill, int8_t *output) {
    for (int32_t i = 0; i < fill->count; i++) {
        output[i] = (int8_t)fill->value;
    }
}

#endif
