/* From the sums of a layer, without bias, to its int8 output by one multiplication and one shift.
 *
 * codegen/aot/arithmetic/one_step.py proves for every channel that this gives the outputs of requantize.h for
 * all sums the channel can have; bias and zero points are in the offsets. Where there is no such
 * form, mostly without a ReLU, as the reference rounds negative sums differently, the planner gives
 * a bias (with everything else that is constant) and the parameters of the reference instead. */
#ifndef THIMBLE_AOT_ONE_STEP_H
#define THIMBLE_AOT_ONE_STEP_H

#include <stddef.h>
#include <stdint.h>

#include "arch/cortex_m4.h"
#include "arithmetic/requantize.h"

struct thimble_one_step {
    const int32_t *steps; /* two a channel: multiplier, offset */
    int32_t align, shift;
    int32_t minimum, maximum; /* of the output, by the fused activation: within int8 */
    const int32_t *bias;      /* NULL, or */
    struct thimble_requantization reference; /* what counts instead of all above */
};

THIMBLE_SPECIALIZED int8_t thimble_requantize_one_step(const struct thimble_one_step *step,
                                                       int32_t channel, int32_t sum) {
    if (step->bias != NULL) {
        return thimble_requantize(&step->reference, channel, sum + step->bias[channel]);
    }
    const int32_t aligned = sum * (1 << step->align);
    const int32_t value = thimble_multiply_high_add(aligned, step->steps[2 * channel],
                                                    step->steps[2 * channel + 1]) >>
                          step->shift;
    if (step->minimum == INT8_MIN && step->maximum == INT8_MAX) {
        return thimble_saturate_int8(value);
    }
    const int32_t least = value < step->minimum ? step->minimum : value;
    return (int8_t)(least > step->maximum ? step->maximum : least);
}

#endif
