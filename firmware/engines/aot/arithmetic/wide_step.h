/* From a sum to an output by one 64-bit multiplication and one shift: codegen/aot/arithmetic/wide_step.py proves for
 * every channel that this gives the outputs of requantize.h for all sums that the channel can have.
 *
 * The constants of a channel are its multiplier, its offset (low and high word) and, where negative outputs are
 * lowered, the unit that they are lowered by and a zero that is added to all. */
#ifndef THIMBLE_AOT_WIDE_STEP_H
#define THIMBLE_AOT_WIDE_STEP_H

#include <stdint.h>

struct thimble_wide_step {
    int32_t shift;
    int32_t lowered;          /* 1 where negative outputs are lowered by a unit */
    int32_t minimum, maximum; /* of the output: within int8 */
};

static inline int8_t thimble_wide_output(const struct thimble_wide_step *step, int32_t sum,
                                         const int32_t *constants) {
    const uint64_t offset = (uint64_t)(uint32_t)constants[2] << 32 | (uint32_t)constants[1];
    const uint64_t product = (uint64_t)((int64_t)sum * constants[0]) + offset;
    int32_t high = (int32_t)(uint32_t)(product >> 32);
    if (step->lowered) {
        high = (high < 0 ? high - constants[3] : high) + constants[4];
    }
    high >>= step->shift;
    const int32_t least = high < step->minimum ? step->minimum : high;
    return (int8_t)(least > step->maximum ? step->maximum : least);
}

#endif
