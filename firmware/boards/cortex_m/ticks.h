/* Counting instructions: under `-icount shift=0` an executed instruction is one nanosecond of
 * virtual time, so a count of a 25 MHz timer is 40 instructions. */
#ifndef THIMBLE_TICKS_H
#define THIMBLE_TICKS_H

#include <stdint.h>

void ticks_start(void);

/* Executed instructions, in steps of a count, modulo 2^32. */
uint32_t ticks(void);

#endif
