/* Any function of one int8 value to a float32: a table of all 256 outputs, which the planner computed as the
 * reference does.
 *
 *   input   int8 [count]
 *   table   int32 [256]: the bits of the float32 outputs for -128, -127, ... 127
 *   output  float32 [count], as bytes
 *
 * Needs no scratch memory; the output must not overlap the input. */
#ifndef THIMBLE_AOT_LOOKUP_REAL_H
#define THIMBLE_AOT_LOOKUP_REAL_H

#include <stdint.h>
#include <string.h>

struct thimble_lookup_real {
    int32_t count;
    const int32_t *table;
};

static inline void thimble_lookup_real(const struct thimble_lookup_real *lookup,
                                       const int8_t *input, int8_t *output) {
    for (int32_t i = 0; i < lookup->count; i++) {
        memcpy(output + (size_t)i * sizeof(int32_t), &lookup->table[input[i] + 128],
               sizeof(int32_t));
    }
}

#endif
