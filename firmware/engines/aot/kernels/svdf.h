/* A layer of single-value decomposition filters over time: SVDF of TensorFlow Lite, int8, a batch of 1.
 *
 *   input     int8 [inputs]
 *   features  int8 [filters][inputs]
 *   times     int16 [filters][memory]: the weights over time, those of the newest step last
 *   bias      int32 [filters / rank]
 *   output    int8 [filters / rank]
 *   state     int8 or, where `state_is_wide`, int16 [filters][memory]: kept between inferences
 *
 * Follows EvalIntegerSvdfReference in tensorflow/lite/micro/kernels/svdf_common.cc: the state moves by one step,
 * each filter's feature becomes its newest one, and the sums over time of `rank` filters are a unit. Needs no
 * scratch memory; no two arrays may overlap. */
#ifndef THIMBLE_AOT_SVDF_H
#define THIMBLE_AOT_SVDF_H

#include <stdint.h>
#include <string.h>

#include "arithmetic/requantize.h"

struct thimble_svdf {
    int32_t inputs, filters, memory, rank;
    int32_t input_zero_point;
    int32_t state_is_wide;
    const int8_t *features;
    const int16_t *times;
    const int32_t *bias;
    struct thimble_requantization state, output;
};

static inline int32_t thimble_svdf_load(const struct thimble_svdf *svdf, const int8_t *state,
                                        int32_t place) {
    int16_t wide = 0;
    if (!svdf->state_is_wide) {
        return state[place];
    }
    memcpy(&wide, state + 2 * place, sizeof wide);
    return wide;
}

static inline void thimble_svdf_store(const struct thimble_svdf *svdf, int8_t *state, int32_t place,
                                      int32_t value) {
    const int16_t wide = (int16_t)value;
    if (svdf->state_is_wide) {
        memcpy(state + 2 * place, &wide, sizeof wide);
    } else {
        state[place] = (int8_t)value;
    }
}

/* A feature as the state keeps it: clamped before the zero point is added, as the reference does. */
static inline int32_t thimble_svdf_feature(const struct thimble_svdf *svdf, const int8_t *input,
                                           const int8_t *weights) {
    const struct thimble_requantization *state = &svdf->state;
    const int32_t shift = state->shifts[0], left = shift > 0 ? shift : 0;
    int32_t sum = 0;
    for (int32_t i = 0; i < svdf->inputs; i++) {
        sum += weights[i] * (input[i] - svdf->input_zero_point);
    }
    int32_t value = thimble_divide_by_power_of_two(
        thimble_high_multiply(sum * (INT32_C(1) << left), state->multipliers[0]),
        shift > 0 ? 0 : -shift);
    value = value < state->minimum ? state->minimum : value;
    value = value > state->maximum ? state->maximum : value;
    return value + state->zero_point;
}

static inline void thimble_svdf(const struct thimble_svdf *svdf, const int8_t *input,
                                int8_t *output, int8_t *state) {
    const int32_t width = svdf->state_is_wide ? 2 : 1;
    memmove(state, state + width, (size_t)((svdf->filters * svdf->memory - 1) * width));
    const int16_t *times = svdf->times;
    for (int32_t unit = 0; unit < svdf->filters / svdf->rank; unit++) {
        uint32_t sum = (uint32_t)svdf->bias[unit]; /* wraps around as the reference's does */
        for (int32_t i = 0; i < svdf->rank; i++) {
            const int32_t filter = unit * svdf->rank + i, first = filter * svdf->memory;
            thimble_svdf_store(
                svdf, state, first + svdf->memory - 1,
                thimble_svdf_feature(svdf, input, svdf->features + filter * svdf->inputs));
            for (int32_t step = 0; step < svdf->memory; step++) {
                const int32_t value = thimble_svdf_load(svdf, state, first + step);
                sum += (uint32_t)(*times++ * (value - svdf->state.zero_point));
            }
        }
        output[unit] = thimble_requantize(&svdf->output, 0, (int32_t)sum);
    }
}

#endif
