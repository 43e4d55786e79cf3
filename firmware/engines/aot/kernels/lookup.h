/* Any function of one int8 value: a table of all 256 outputs, which the planner computed as the reference does.
 *
 *   input   int8 [count]
 *   table   int8 [256]: the outputs for -128, -127, ... 127
 *   output  int8 [count]
 *
 * Needs no scratch memory; output may be the input. */
#ifndef THIMBLE_AOT_LOOKUP_H
#define THIMBLE_AOT_LOOKUP_H

#include <stdint.h>

struct thimble_lookup {
    int32_t count;
    const int8_t *table;
};

static inline void thimble_lookup(const struct thimble_lookup *lookup, const int8_t *input,
                                  int8_t *output) {
    for (int32_t i = 0; i < lookup->count; i++) {
        output[i] = lookup->table[input[i] + 128];
    }
}

#endif
