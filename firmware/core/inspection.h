/* LOAD, STEP and READ of docs/protocol.md, for images whose engine runs call by call. Others do not link this file. */
#ifndef THIMBLE_INSPECTION_H
#define THIMBLE_INSPECTION_H

#include <stdint.h>

#include "frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether requests of this type are answered here. */
int inspection_knows(uint8_t type);

/* Answer one of them. */
void inspection_answer(const struct frame *request);

#ifdef __cplusplus
}
#endif

#endif
