/* Where the greatest or the least value is, the first of equals: ARG_MAX and ARG_MIN of TensorFlow Lite, int8.
 *
 *   input   int8 [outer][size][inner]
 *   output  int32 [outer][inner], as bytes
 *
 * Follows ArgMinMax in tensorflow/lite/kernels/internal/reference/arg_min_max.h. Needs no scratch memory; input and
 * output must not overlap. */
#ifndef THIMBLE_AOT_ARG_EXTREME_H
#define THIMBLE_AOT_ARG_EXTREME_H

#include <stdint.h>
#include <string.h>

struct thimble_arg_extreme {
    int32_t outer, size, inner;
    int32_t sign; /* 1 for the greatest value, -1 for the least */
};

static inline void thimble_arg_extreme(const struct thimble_arg_extreme *extreme,
                                       const int8_t *input, int8_t *output) {
    for (int32_t row = 0; row < extreme->outer; row++, input += extreme->size * extreme->inner) {
        for (int32_t i = 0; i < extreme->inner; i++) {
            int32_t place = 0, best = extreme->sign * input[i];
            for (int32_t other = 1; other < extreme->size; other++) {
                const int32_t value = extreme->sign * input[other * extreme->inner + i];
                if (value > best) {
                    best = value;
                    place = other;
                }
            }
            memcpy(output, &place, sizeof place);
            output += sizeof place;
        }
    }
}

#endif
