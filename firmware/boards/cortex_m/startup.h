#ifndef THIMBLE_STARTUP_H
#define THIMBLE_STARTUP_H

#include <stdint.h>

/* The deepest the stack has been since reset, bytes. */
uint32_t peak_stack_bytes(void);

#endif
