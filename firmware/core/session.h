/* The board's side of docs/protocol.md: requests in, answers out. */
#ifndef THIMBLE_SESSION_H
#define THIMBLE_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"

/* What a request may need: the model's inputs, or a part of them, which begins with eight bytes. */
#define SESSION_REQUEST_BYTES(input_bytes) FRAME_BYTES((input_bytes) > 24 ? (input_bytes) : 24)

#ifdef __cplusplus
extern "C" {
#endif

/* Answer requests until the line is closed for good, on most boards for ever.
 *
 * `buffer` holds one request; `capacity` is SESSION_REQUEST_BYTES(the bytes of the model's inputs).
 * `engine_fault` is what engine_init answered: where it is a text, HELLO, INFER and RESET are
 * answered with that text. */
void session_run(uint8_t *buffer, size_t capacity, const char *engine_fault);

#ifdef __cplusplus
}
#endif

#endif
