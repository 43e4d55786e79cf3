/* The board's side of docs/protocol.md: requests in, answers out. */
#ifndef THIMBLE_SESSION_H
#define THIMBLE_SESSION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Answer requests until the line is closed for good, on most boards for ever.
 *
 * `buffer` holds one request; `capacity` is FRAME_BYTES(the model's input bytes). `engine_fault` is
 * what engine_init answered: where it is a text, HELLO and INFER are answered with that text. */
void session_run(uint8_t *buffer, size_t capacity, const char *engine_fault);

#ifdef __cplusplus
}
#endif

#endif
